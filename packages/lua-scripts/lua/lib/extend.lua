-- extend: id, created, amount (-1: as it is), ttlMs, dispatched. A heartbeat; core's `keepAlive`.
local EXTEND_REFUSED = {
  r = 'reservation_already_released',
  e = 'reservation_expired',
  s = 'reservation_already_settled',
}

local function extend_leg(copy, leg, words, at)
  if leg.state ~= 'o' then return { code = EXTEND_REFUSED[leg.state] } end
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
  local more = held(next_leg) - held(leg)
  if copy.settled + copy.reserved + more > AMOUNT_MAX then return { code = 'amount_out_of_range' } end
  local missing = shortfall(copy, more)
  if missing > 0 then return { missing = missing } end
  -- A heartbeat that sets nothing more aside is no change of the copy.
  if more > 0 then
    return { leg = next_leg, settled = copy.settled, reserved = copy.reserved + more }
  end
  local is_same = next_leg.amount == leg.amount
    and next_leg.deadline == leg.deadline
    and next_leg.is_dispatched == leg.is_dispatched
  return { leg = next_leg, is_replayed = is_same }
end

local function extend(words, at)
  local record, accounts, legs = find(words[at])
  if not (record and legs[1]) then return ANSWER.unknown end
  local slots = slots_held(record)
  return change(record, accounts, legs, words[at + 1], extend_leg, words, at, 'null', slots and {
    finish = function(leg, is_replayed)
      if not is_replayed then limiters().slots().extend(slots, record.uuid, leg.deadline) end
      return false
    end,
  })
end
