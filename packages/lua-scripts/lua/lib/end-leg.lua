-- Brings a leg to `state` with `spent` booked in total, and the copy with it: core's `end`.
local function end_leg(copy, leg, state, spent, is_settlement)
  local settled, reserved, hold = sums_at_end(copy, leg, state, spent)
  if not settled then return { code = 'amount_out_of_range' } end
  local change = spent - leg.spent
  return {
    leg = leg_with(leg, state, spent, leg.is_journaled),
    settled = settled,
    reserved = reserved,
    overage = is_settlement and change > hold and change - hold or 0,
    is_late = is_settlement and leg.state ~= 'o',
  }
end
