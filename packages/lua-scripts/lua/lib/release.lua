-- release: id, created, detail. Gives back what is set aside and not booked; core's `giveBack`.
local function release_leg(copy, leg)
  if leg.state == 'o' then return end_leg(copy, leg, 'r', leg.spent, false) end
  if leg.state == 'r' then return { leg = leg, is_replayed = true } end
  return { code = leg.state == 'e' and 'reservation_expired' or 'reservation_already_settled' }
end

local function release(words, at)
  local record, accounts, legs = find(words[at])
  if not (record and legs[1]) then return ANSWER.unknown end
  local rates = rates_at_end(record)
  return change(record, accounts, legs, words[at + 1], release_leg, words, at, words[at + 2], rates)
end
