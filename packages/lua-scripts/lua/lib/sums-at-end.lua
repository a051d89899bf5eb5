-- Settled and reserved of the copy then, nil if that is more than there can be; and what the leg has set
-- aside.
local function sums_at_end(copy, leg, state, spent)
  local hold = held(leg)
  if copy.reserved < hold then fail('DAMAGED', 'a copy holds less than its legs') end
  local kept = state == 'o' and leg.amount > spent and leg.amount - spent or 0
  local reserved = copy.reserved - hold + kept
  local settled = copy.settled + spent - leg.spent
  if settled + reserved > AMOUNT_MAX then return nil end
  return settled, reserved, hold
end
