-- Brings a leg to `state` with `spent` booked in total, and the copy with it: core's `end`.
local function end_leg(copy, leg, state, spent, is_settlement)
  local change = spent - leg.spent
  local hold = held(leg)
  local next_leg = leg_with(leg, state, spent)
  if copy.reserved < hold then fail('DAMAGED', 'a copy holds less than its legs') end
  local reserved = copy.reserved - hold + held(next_leg)
  local settled = copy.settled + change
  if settled + reserved > AMOUNT_MAX then return { code = 'amount_out_of_range' } end
  return {
    leg = next_leg,
    settled = settled,
    reserved = reserved,
    overage = is_settlement and change > hold and change - hold or 0,
    is_late = is_settlement and leg.state ~= 'o',
  }
end
