-- Legs: the part of a reservation on one account, and how it is packed. A leg is never changed once it is
-- made: copies share it.
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

local function make_leg(state, amount, spent, deadline, flags)
  if not (are_amounts(amount, spent, deadline) and flags < 4) then
    fail('DAMAGED', 'a leg does not read back')
  end
  return {
    state = state,
    amount = amount,
    spent = spent,
    deadline = deadline,
    is_dispatched = flags % 2 == 1,
    is_journaled = flags >= 2,
  }
end

local function pack_leg(leg)
  return pack('<dddB', leg.amount, leg.spent, leg.deadline, leg_flags(leg))
end

-- The legs of a reservation are mostly alike on all of its accounts.
local parsed_text, parsed_leg
local function parse_open_leg(text)
  if text == parsed_text then return parsed_leg end
  if #text ~= LEG_BYTES then fail('DAMAGED', 'a leg does not read back') end
  local amount, spent, deadline, flags = unpack_from('<dddB', text)
  parsed_leg = make_leg('o', amount, spent, deadline, flags)
  parsed_text = text
  return parsed_leg
end

-- The leg in another state, with another total; whether the journal knows of it.
local function leg_with(leg, state, spent, is_journaled)
  return {
    state = state,
    amount = leg.amount,
    spent = spent,
    deadline = leg.deadline,
    is_dispatched = leg.is_dispatched,
    is_journaled = is_journaled,
  }
end
