-- Brings a leg to `state` with `spent` booked in total, and the copy with it: core's `end`.

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

local function end_leg(copy, leg, state, spent, is_settlement)
  local settled, reserved, hold = sums_at_end(copy, leg, state, spent)
  if not settled then return { code = 'amount_out_of_range' } end
  local change = spent - leg.spent
  return {
    leg = leg_with(leg, state, spent),
    settled = settled,
    reserved = reserved,
    overage = is_settlement and change > hold and change - hold or 0,
    is_late = is_settlement and leg.state ~= 'o',
  }
end
