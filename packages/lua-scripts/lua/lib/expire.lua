-- expire: id. Ends a reservation whose deadline has passed; core's `lapse`.
local function expire_leg(copy, leg)
  if leg.state ~= 'o' or batch.now < leg.deadline then return { leg = leg, is_replayed = true } end
  -- The caller of a dispatched leg vanished after the provider got the call: the worst case is booked.
  local spent = leg.is_dispatched and math.max(leg.spent, leg.amount) or leg.spent
  return end_leg(copy, leg, 'e', spent, false)
end

local function expire(words, at)
  local record, accounts, legs = find(words[at])
  if not (record and legs[1]) then return ANSWER.unknown end
  return change(record, accounts, legs, nil, expire_leg, words, at, 'null')
end
