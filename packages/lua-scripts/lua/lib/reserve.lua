-- reserve, with the words of `reserve-usual.lua`, which has what most of them are.
local function new_leg(amount, deadline)
  return {
    state = 'o',
    amount = amount,
    spent = 0,
    deadline = deadline,
    is_dispatched = false,
    is_journaled = false,
  }
end

local function admit(copy, amount, deadline)
  local refused, value = refusal_of(copy, amount)
  if refused then return { [refused] = value } end
  local leg = new_leg(amount, deadline)
  return { leg = leg, settled = copy.settled, reserved = copy.reserved + amount }
end

-- Its accounts, and what is to be taken from limiters, nil if nothing.
local function parse_places(words, at, last)
  local accounts, count = {}, words[at]
  for index = 1, count do accounts[index] = account_at(words[at + index]) end
  local first = at + count + 1
  return accounts, first <= last and limiters().parse_hits(words, first, last) or nil
end

-- Whether any of these copies has something that is due.
local function is_any_due(accounts)
  for _, account in ipairs(accounts) do
    if copy_of(account).next_due <= batch.now then return true end
  end
  return false
end

local function reserve(words, at, last)
  local id, amount, rest = words[at], words[at + 1], words[at + 3]
  local deadline = math.min(batch.now + words[at + 2], INSTANT_MAX)
  local accounts, hits = parse_places(words, at + 4, last)
  local known = find(id)
  local missing
  for _, account in ipairs(accounts) do
    if not copy_of(account, known and known.uuid).head then
      missing = missing or {}
      missing[#missing + 1] = account
    end
  end
  if not known and missing then return text_answer('missing', missing) end
  if is_any_due(accounts) then rare().end_due(accounts, rare().due_of(accounts, LAZY_EXPIRY_MAX)) end
  -- The sweep may have ended the very reservation that is repeated.
  if known then return rare().repeated(id, rest, hits) end
  local record = new_record(id, rest, accounts)
  local steps = {}
  for index, account in ipairs(accounts) do
    local copy = copy_of(account)
    -- Without a record it has no legs, and none is looked for.
    copy.legs[record.uuid] = false
    steps[index] = admit(copy, amount, deadline)
  end
  return conclude(record, accounts, steps, nil, 'null', hits and {
    hits = hits,
    is_asked = true,
    finish = function()
      limiters().take_hits(hits, record.uuid, deadline)
      return true
    end,
  }, true)
end
