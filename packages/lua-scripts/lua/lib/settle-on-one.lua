-- What `settle` does at the end of an open reservation on one account without rates, which most are: nothing
-- is put into tables that only take it to the next function. Nil if it is another one.
local ONE = string.char(1)
local IS_TOLD = 4

local function settle_on_one(id, created, cost, detail, account)
  local known = batch.records[id]
  local made = known and known.is_open and known.text
  if not made or struct.unpack('<d', made) ~= created then return nil end
  -- Its account, which must be the only one, and nothing that it took.
  local list_end = CREATED_BYTES + 1 + #account
  if string.byte(made, list_end) ~= 10 or string.byte(made, list_end + 1) ~= 10 then return nil end
  if string.find(made, account, CREATED_BYTES + 1, true) ~= CREATED_BYTES + 1 then return nil end
  local uuid = string.sub(id, -ID_BYTES)
  local copy = copy_of(account, uuid)
  local before = copy.head and leg_of(copy, uuid)
  if not before then return nil end
  local settled, reserved, hold = sums_at_end(copy, before, 's', cost)
  if not settled then return nil end
  local leg = leg_with(before, 's', cost)
  leg.is_journaled = true
  put_sums(copy, settled, reserved)
  put_leg(copy, uuid, leg)
  local ended, at = batch.ended, #batch.ended
  ended[at + 1], ended[at + 2] = id, ONE .. pack_ended_leg(leg) .. made
  batch.gone[#batch.gone + 1] = id
  batch.records[id] = { text = ended[at + 2], is_open = false }
  local is_first = not before.is_journaled
  push_event(pack_event(id, leg, is_first, 1) .. pack_place(copy), detail, is_first and made or account)
  local more = cost - before.spent
  return done_on_one(IS_TOLD, more > hold and more - hold or 0, created, leg, copy)
end

-- The words of `settle`.
local function try_settle(words, at, last)
  local account = batch.accounts[words[at + 5]]
  if not (account and words[at + 3] and last == at + 5) then return nil end
  return settle_on_one(words[at], words[at + 1], words[at + 2], words[at + 4], account)
end
