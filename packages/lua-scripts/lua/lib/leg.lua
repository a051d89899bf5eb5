-- Legs: the part of a reservation on one account, and how it is packed.
--
-- State is one letter: o(pen), r(eleased), e(xpired), s(ettled). Packed, a leg is the numbers
-- `amount spent deadline` and a byte of flags, which is the field of an open one in its copy; its state and
-- lease are those of every leg of the copy.
local LEG_BYTES = 25

local function held(leg)
  if leg.state ~= 'o' or leg.amount <= leg.spent then return 0 end
  return leg.amount - leg.spent
end

local function leg_flags(leg)
  return (leg.is_dispatched and 1 or 0) + (leg.is_journaled and 2 or 0)
end

local function make_leg(lease, state, amount, spent, deadline, flags)
  if not (is_amount(amount) and is_amount(spent) and is_amount(deadline) and flags < 4) then
    fail('DAMAGED', 'a leg does not read back')
  end
  return {
    lease = lease,
    state = state,
    amount = amount,
    spent = spent,
    deadline = deadline,
    is_dispatched = flags % 2 == 1,
    is_journaled = flags >= 2,
  }
end

local function pack_leg(leg)
  return struct.pack('<dddB', leg.amount, leg.spent, leg.deadline, leg_flags(leg))
end

local function parse_open_leg(text, lease)
  if #text ~= LEG_BYTES then fail('DAMAGED', 'a leg does not read back') end
  local amount, spent, deadline, flags = struct.unpack('<dddB', text)
  return make_leg(lease, 'o', amount, spent, deadline, flags)
end

-- The leg in another state, with another total.
local function leg_with(leg, state, spent)
  return {
    lease = leg.lease,
    state = state,
    amount = leg.amount,
    spent = spent,
    deadline = leg.deadline,
    is_dispatched = leg.is_dispatched,
    is_journaled = leg.is_journaled,
  }
end
