-- extend, with the words of `extend-usual.lua`, which has what most of them are. A heartbeat; core's
-- `keepAlive`.
local EXTEND_REFUSED = {
  r = 'reservation_already_released',
  e = 'reservation_expired',
  s = 'reservation_already_settled',
}

local function extend_leg(copy, leg, words, at)
  if leg.state ~= 'o' then return { code = EXTEND_REFUSED[leg.state] } end
  local next_leg = on_known().extended(leg, words, at)
  local more = held(next_leg) - held(leg)
  if copy.settled + copy.reserved + more > AMOUNT_MAX then return { code = 'amount_out_of_range' } end
  local missing = shortfall(copy, more)
  if missing > 0 then return { missing = missing } end
  -- A heartbeat that sets nothing more aside is no change of the copy.
  if more > 0 then
    return { leg = next_leg, settled = copy.settled, reserved = copy.reserved + more }
  end
  return { leg = next_leg, is_replayed = on_known().is_same_life(next_leg, leg) }
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
