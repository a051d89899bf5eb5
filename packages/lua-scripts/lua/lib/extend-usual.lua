-- What `extend` does to an open reservation whose legs are alike and which holds no slots, which most are:
-- the mark that it is dispatched, and heartbeats. False, and nothing changed, if it is another one.
--
-- Words: id, created, amount (-1: as it is), ttlMs, dispatched, the number of accounts that it is probably
-- on, these.

-- The leg as it is then; core's `keepAlive`.
local function extended(leg, words, at)
  local deadline, is_dispatched = math.min(batch.now + words[at + 3], INSTANT_MAX), words[at + 4]
  local next_leg = leg_with(leg, 'o', leg.spent, leg.is_journaled)
  next_leg.amount = math.max(leg.amount, words[at + 2])
  -- The mark itself may shorten the life.
  if not is_dispatched or leg.is_dispatched then
    next_leg.deadline = math.max(leg.deadline, deadline)
  else
    next_leg.deadline = deadline
  end
  next_leg.is_dispatched = leg.is_dispatched or is_dispatched
  return next_leg
end

local function is_same_life(leg, other)
  return leg.amount == other.amount
    and leg.deadline == other.deadline
    and leg.is_dispatched == other.is_dispatched
end

local function extend_usual(words, at)
  local id, created, first, to = words[at], words[at + 1], at + 6, at + 5 + words[at + 5]
  local made, list_end = known_made(id, created, words, first, to)
  if not made then return false end
  local uuid, copies = string_sub(id, -ID_BYTES), batch.copies
  local before = common_leg(uuid, words, first, to)
  if not before then return false end
  local leg = extended(before, words, at)
  local more = held(leg) - held(before)
  if is_same_life(leg, before) then return false end
  for index = first, to do
    local copy = copies[words[index]]
    local sum = copy.settled + copy.reserved + more
    if sum > AMOUNT_MAX or shortfall(copy, more) > 0 then return false end
  end
  local is_news = leg.amount ~= before.amount or leg.is_dispatched ~= before.is_dispatched
  local is_told = is_news and (leg.is_dispatched or leg.spent > 0)
  leg.is_journaled = before.is_journaled or is_told
  local packed = pack_leg(leg)
  for index = first, to do
    local copy = copies[words[index]]
    if more > 0 then put_sums(copy, copy.settled, copy.reserved + more) else touch(copy) end
    open_leg(copy, uuid, packed, leg.deadline)
  end
  if is_told then tell_alike(id, made, list_end, before, leg, 'null', words, first, to) end
  tell_done(is_told and IS_TOLD or 0, 0, created, leg, words, first, to, 0)
  return true
end
