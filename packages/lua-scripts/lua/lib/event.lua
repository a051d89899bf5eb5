-- Events of the journal.

-- Appends one event, in three fields, so that what is there already is not put together once more: `w` is the
-- state, amount, spent, deadline, flags (1: dispatched, 4: the first event about it), the present, the
-- reservation, and for each leg its interval and lease; `d` the detail; `m` what a reservation was made with,
-- of later events its accounts alone.
local function push_event(head, detail, made)
  local events = batch.events
  local at = #events
  events[at + 1], events[at + 2], events[at + 3] = 'w', head, 'd'
  events[at + 4], events[at + 5], events[at + 6] = detail, 'm', made
end

local function pack_event(id, leg, is_first, count)
  local flags = (leg.is_dispatched and 1 or 0) + (is_first and 4 or 0)
  return pack(
    '<c1dddBdBc0B',
    leg.state,
    leg.amount,
    leg.spent,
    leg.deadline,
    flags,
    batch.now,
    #id,
    id,
    count
  )
end

-- Interval and lease, which are the end of a head.
local function pack_interval(copy)
  local interval = copy.interval
  if not interval then
    interval = string_sub(copy.head, #LABEL + 17)
    copy.interval = interval
  end
  return interval
end
