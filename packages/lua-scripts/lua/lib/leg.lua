-- Legs: the part of a reservation on one account, and how it is packed.
--
-- State is one letter: o(pen), r(eleased), e(xpired), s(ettled). Packed, a leg is
-- `amount spent deadline dispatched journaled`, which is the field of an open one in its copy; its state
-- and lease are those of every leg of the copy. The text is made once and used in every reply and record.
local function held(leg)
  if leg.state ~= 'o' or leg.amount <= leg.spent then return 0 end
  return leg.amount - leg.spent
end

local function leg_text(leg)
  if not leg.text then
    leg.text = string.format(
      '%.0f %.0f %.0f %s %s',
      leg.amount,
      leg.spent,
      leg.deadline,
      leg.is_dispatched and '1' or '0',
      leg.is_journaled and '1' or '0'
    )
  end
  return leg.text
end

local function parse_leg(text, lease, state)
  local amount, spent, deadline, dispatched, journaled =
    string.match(text, '^(%d+) (%d+) (%d+) ([01]) ([01])$')
  if not amount then fail('DAMAGED', 'a leg does not read back') end
  return {
    text = text,
    lease = lease,
    state = state,
    amount = tonumber(amount),
    spent = tonumber(spent),
    deadline = tonumber(deadline),
    is_dispatched = dispatched == '1',
    is_journaled = journaled == '1',
  }
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
