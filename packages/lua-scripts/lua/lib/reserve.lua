-- reserve: id, fingerprint, amount, ttlMs, terms, then its accounts in byte order, then, after an empty word,
-- limiter, policy and permits of each of its rates. Core's `admit`.
local RESERVE_REFUSED = {
  r = 'reservation_already_released',
  e = 'reservation_expired',
  s = 'reservation_already_settled',
}

local function admit(copy, amount, deadline)
  if copy.settled + copy.reserved + amount > AMOUNT_MAX then
    return { code = 'amount_out_of_range' }
  end
  local is_early = batch.now < tonumber(copy.starts) - PERIOD_TOLERANCE_MS
  if is_early or batch.now >= tonumber(copy.ends) + PERIOD_TOLERANCE_MS then return { is_outside = true } end
  local missing = shortfall(copy, amount)
  if missing > 0 then return { missing = missing } end
  return {
    leg = {
      lease = copy.lease,
      state = 'o',
      amount = amount,
      spent = 0,
      deadline = deadline,
      is_dispatched = false,
      is_journaled = false,
    },
    settled = copy.settled,
    reserved = copy.reserved + amount,
  }
end

local function repeated(kept, fingerprint, hits)
  if #kept.accounts == 0 then return { 'unknown' } end
  if kept.record.fingerprint ~= fingerprint then return { 'rejected', 'idempotency_key_reused' } end
  local steps = {}
  for index, leg in ipairs(kept.legs) do
    steps[index] = leg.state == 'o' and { leg = leg, is_replayed = true }
      or { code = RESERVE_REFUSED[leg.state] }
  end
  return conclude(kept.record, kept.accounts, steps, kept.legs[1], 'null', hits and {
    hits = hits,
    finish = function()
      limiters().ask_hits(hits)
      return true
    end,
  })
end

-- The accounts in `words`, and what is to be taken from limiters, nil if nothing.
local function parse_places(words)
  local accounts = words
  for index, word in ipairs(words) do
    if word == '' then
      accounts = { unpack(words, 1, index - 1) }
      return accounts, limiters().parse_hits(words, index + 1)
    end
  end
  return accounts
end

local function reserve(id, fingerprint, total, ttl, terms, ...)
  local accounts, hits = parse_places({ ... })
  local kept = find(id)
  local missing = { 'missing' }
  for _, account in ipairs(accounts) do
    if not copy_of(account, string.sub(id, -36)).is_here then missing[#missing + 1] = account end
  end
  if not kept and #missing > 1 then return missing end
  end_due(accounts, due_of(accounts, LAZY_EXPIRY_MAX))
  -- The sweep may have ended the very reservation that is repeated.
  if kept then return repeated(find(id), fingerprint, hits) end
  local amount = tonumber(total)
  local deadline = math.min(batch.now + tonumber(ttl), INSTANT_MAX)
  local steps = {}
  for index, account in ipairs(accounts) do
    steps[index] = admit(copy_of(account), amount, deadline)
  end
  local record = {
    id = id,
    uuid = string.sub(id, -36),
    fingerprint = fingerprint,
    created = batch.now_text,
    terms = terms,
    taken = hits and limiters().taken_text(hits) or '',
    accounts = {},
    is_open = false,
  }
  return conclude(record, accounts, steps, nil, 'null', hits and {
    hits = hits,
    is_asked = true,
    finish = function()
      limiters().take_hits(hits, record.uuid, deadline)
      return true
    end,
  })
end
