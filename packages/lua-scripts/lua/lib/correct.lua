-- correct: id, then account, lease, state, spent and shown of each correction. How a reservation really
-- ended.

local RANK = { r = 0, e = 1, s = 2 }

-- Whether the copy knows better: core's `isOvertaken`.
local function is_overtaken(leg, state, spent)
  if leg.state == 'o' or (state == 'r' and spent == 0) then return false end
  local ahead = RANK[leg.state] - RANK[state]
  return ahead > 0 or (ahead == 0 and state ~= 's' and spent < leg.spent)
end

-- Makes one leg, and the copy with it, what the authority says it is. A leg that is forgotten came to
-- `shown`.
local function put_right(copy, leg, state, spent, shown)
  if leg and is_overtaken(leg, state, spent) then return leg end
  local now = leg
    or {
      amount = 0,
      spent = shown,
      deadline = 0,
      is_dispatched = true,
    }
  local more = spent - now.spent
  if not leg or leg.state == 'o' or more ~= 0 then
    local hold = leg and held(leg) or 0
    if copy.reserved < hold then fail('DAMAGED', 'a copy holds less than its legs') end
    put_sums(copy, copy.settled + more, copy.reserved - hold)
  end
  return leg_with(now, state, spent, now.is_journaled)
end

local function by_account(a, b)
  return is_before(a.account, b.account)
end

local function correct(words, at, last)
  local id, first = words[at], at + 1
  if first > last then return ANSWER.unknown end
  local record, its_accounts, its_legs = find(id)
  its_accounts = its_accounts or {}
  local slots = record and slots_held(record)
  local known = {}
  for index, account in ipairs(its_accounts) do known[account] = its_legs[index] end
  -- All copies are read before the first is changed.
  for index = first, last, 5 do copy_at(words[index]) end
  local parts, is_named = {}, {}
  for index = first, last, 5 do
    local account, state = account_at(words[index]), words[index + 2]
    local copy, spent, shown = copy_of(account), words[index + 3], words[index + 4]
    -- Where it is not a leg of this copy, and nothing else is booked than it shows, nothing is to be put
    -- right.
    local is_relevant = known[account] or spent ~= shown
    if copy.head and lease_of(copy) == words[index + 1] and is_relevant then
      parts[#parts + 1] = { account = account, leg = put_right(copy, known[account], state, spent, shown) }
      is_named[account] = true
    end
  end
  -- A reservation ends as a whole.
  for index, account in ipairs(its_accounts) do
    local leg = its_legs[index]
    if leg.state == 'o' and not is_named[account] then
      local ended = put_right(copy_of(account), leg, words[first + 2], words[first + 3], 0)
      parts[#parts + 1] = { account = account, leg = ended }
      is_named[account] = true
    end
  end
  if #parts == 0 then return ANSWER.unknown end
  for index, account in ipairs(its_accounts) do
    if not is_named[account] then parts[#parts + 1] = { account = account, leg = its_legs[index] } end
  end
  table.sort(parts, by_account)
  local accounts, legs = {}, {}
  for index, part in ipairs(parts) do accounts[index], legs[index] = part.account, part.leg end
  -- Nobody knows what one was made with that is heard of here for the first time.
  record = record or new_record(id, table.concat(accounts, ',') .. '\n\n\nnull', accounts)
  store(record, accounts, legs, true)
  if slots then limiters().slots().free(slots, record.uuid) end
  return found_answer(record, accounts, legs)
end
