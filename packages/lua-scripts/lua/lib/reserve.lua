-- reserve: id, amount, ttlMs, what it is made with but the instant, its fingerprint, the number of its
-- accounts, these in byte order, then limiter, policy and permits of each of its rates. Core's `admit`.
local RESERVE_REFUSED = {
  r = 'reservation_already_released',
  e = 'reservation_expired',
  s = 'reservation_already_settled',
}

local function admit(copy, amount, deadline)
  if copy.settled + copy.reserved + amount > AMOUNT_MAX then
    return { code = 'amount_out_of_range' }
  end
  local is_early = batch.now < copy.starts - PERIOD_TOLERANCE_MS
  if is_early or batch.now >= copy.ends + PERIOD_TOLERANCE_MS then return { is_outside = true } end
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
  if #kept.accounts == 0 then return ANSWER.unknown end
  if fingerprint_of(kept.record) ~= fingerprint then
    return text_answer('rejected', { 'idempotency_key_reused' })
  end
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

-- Its accounts, and what is to be taken from limiters, nil if nothing.
local function parse_places(words, at, last)
  local accounts, count = {}, words[at]
  for index = 1, count do accounts[index] = batch.accounts[words[at + index]] end
  local first = at + count + 1
  return accounts, first <= last and limiters().parse_hits(words, first, last) or nil
end

-- Whether any of these copies has something that is due.
local function is_any_due(accounts)
  for _, account in ipairs(accounts) do
    if batch.copies[account].next_due <= batch.now then return true end
  end
  return false
end

local function reserve(words, at, last)
  local id, amount, rest, fingerprint = words[at], words[at + 1], words[at + 3], words[at + 4]
  local deadline = math.min(batch.now + words[at + 2], INSTANT_MAX)
  local accounts, hits = parse_places(words, at + 5, last)
  local kept = find(id)
  local missing
  for _, account in ipairs(accounts) do
    -- Of a new reservation there is no leg to read.
    if not copy_of(account, kept and kept.record.uuid).is_here then
      missing = missing or {}
      missing[#missing + 1] = account
    end
  end
  if not kept and missing then return text_answer('missing', missing) end
  if is_any_due(accounts) then end_due(accounts, due_of(accounts, LAZY_EXPIRY_MAX)) end
  -- The sweep may have ended the very reservation that is repeated.
  if kept then return repeated(find(id), fingerprint, hits) end
  local steps = {}
  for index, account in ipairs(accounts) do
    steps[index] = admit(batch.copies[account], amount, deadline)
  end
  local record = new_record(id, rest, accounts)
  -- Without a record it has no legs, and none is looked for.
  for _, account in ipairs(accounts) do batch.copies[account].legs[record.uuid] = false end
  return conclude(record, accounts, steps, nil, 'null', hits and {
    hits = hits,
    is_asked = true,
    finish = function()
      limiters().take_hits(hits, record.uuid, deadline)
      return true
    end,
  }, true)
end
