-- Answers `done` of a reservation on one account without rates, of which the driver knows what it was made
-- with: one text, and two that are there.
local function done_on_one(flags, overage, created, leg, copy)
  local head, elsewhere = copy.head, copy.elsewhere
  return struct.pack(
    '<BBdBBI4dc1dddBHdddI4B',
    1,
    flags,
    overage,
    1,
    0,
    CREATED_BYTES,
    created,
    leg.state,
    leg.amount,
    leg.spent,
    leg.deadline,
    leg_flags(leg),
    batch.places[copy.account],
    copy.settled,
    copy.reserved,
    copy.sequence,
    1 + #head + #elsewhere,
    #head
  ),
    head,
    elsewhere
end
