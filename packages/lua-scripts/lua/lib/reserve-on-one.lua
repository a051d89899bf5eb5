-- What `reserve` does for a new call on one account without rates, which most are: nothing is put into tables
-- that only take it to the next function. Nil if it is not admitted.
local function reserve_on_one(id, rest, account, amount, deadline)
  local copy = copy_of(account)
  if not copy.head or copy.next_due <= batch.now or refusal_of(copy, amount) then return nil end
  local uuid, made = string.sub(id, -ID_BYTES), struct.pack('<d', batch.now) .. rest
  local leg = new_leg(copy, amount, deadline)
  copy.legs[uuid] = false
  put_sums(copy, copy.settled, copy.reserved + amount)
  put_leg(copy, uuid, leg)
  local open, at = batch.open, #batch.open
  open[at + 1], open[at + 2] = id, made
  batch.records[id] = { text = made, is_open = true }
  return done_on_one(0, 0, batch.now, leg, copy)
end

-- The words of `reserve`.
local function try_reserve(words, at, last)
  local id = words[at]
  if not (batch.records[id] == false and words[at + 5] == 1 and last == at + 6) then return nil end
  local deadline = math.min(batch.now + words[at + 2], INSTANT_MAX)
  return reserve_on_one(id, words[at + 3], batch.accounts[words[last]], words[at + 1], deadline)
end
