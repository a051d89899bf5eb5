-- release: id, detail. Gives back what is set aside and not booked; core's `giveBack`.
local function release_leg(copy, leg)
  if leg.state == 'o' then return end_leg(copy, leg, 'r', leg.spent, false) end
  if leg.state == 'r' then return { leg = leg, is_replayed = true } end
  return { code = leg.state == 'e' and 'reservation_expired' or 'reservation_already_settled' }
end

local function release(words, at)
  local kept = changeable(words[at])
  if not kept then return ANSWER.unknown end
  return change(kept, release_leg, words, at, words[at + 1], rates_at_end(kept.record))
end
