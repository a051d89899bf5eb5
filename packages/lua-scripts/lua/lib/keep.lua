-- Stores a changed reservation, and tells the journal if the ledger should know.

-- Appends one event, in three fields, so that what is there already is not put together once more: `v` is the
-- state, amount, spent, deadline, flags (1: dispatched, 4: the first event about it), the present, the
-- reservation, and for each leg its interval and lease; `d` the detail; `m` what a reservation was made with,
-- of later events its accounts alone.
local function push_event(head, detail, made)
  local events = batch.events
  local at = #events
  events[at + 1], events[at + 2], events[at + 3] = 'v', head, 'd'
  events[at + 4], events[at + 5], events[at + 6] = detail, 'm', made
end

local function pack_event(id, leg, is_first, count)
  local flags = (leg.is_dispatched and 1 or 0) + (is_first and 4 or 0)
  return struct.pack(
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

-- Interval and lease, which are the end of a head, with their length.
local function pack_place(copy)
  local head = copy.head
  return string.char(#head - #LABEL - 16) .. string.sub(head, #LABEL + 17)
end

local function tell(record, accounts, legs, detail, is_first)
  local event = pack_event(record.id, legs[1], is_first, #accounts)
  for _, account in ipairs(accounts) do event = event .. pack_place(batch.copies[account]) end
  push_event(event, detail, is_first and record.made or table.concat(accounts, ','))
end

local function are_same(a, b)
  if #a ~= #b then return false end
  for index = 1, #a do
    if a[index] ~= b[index] then return false end
  end
  return true
end

-- Puts a reservation where it belongs: open, or ended just now.
local function store(record, accounts, legs, is_journaled)
  local was_open, is_still_open = record.is_open, legs[1].state == 'o'
  local is_moved = not are_same(accounts, record.accounts)
  if not is_still_open or not was_open or is_moved then mark_changed(record) end
  for index, account in ipairs(accounts) do
    local leg = legs[index]
    leg.is_journaled = is_journaled
    -- What had ended before is not in the copy.
    if is_still_open or was_open then put_leg(batch.copies[account], record.uuid, leg) end
  end
  if is_moved then set_accounts(record, accounts) end
  record.is_open = is_still_open
  record.legs = nil
  if is_still_open then return end
  record.legs = {}
  for index, account in ipairs(accounts) do record.legs[account] = legs[index] end
end

-- `before` is the first leg as it was, nil for a new reservation. Returns whether the journal was told.
local function keep(record, accounts, legs, before, detail)
  local leg = legs[1]
  local is_journaled = before ~= nil and before.is_journaled
  local is_news = before == nil
    or leg.state ~= before.state
    or leg.spent ~= before.spent
    or leg.amount ~= before.amount
    or leg.is_dispatched ~= before.is_dispatched
  -- A tentative reservation is nobody's business yet: if it is lost, nothing was spent.
  local is_told = is_news and (leg.state ~= 'o' or leg.is_dispatched or leg.spent > 0)
  store(record, accounts, legs, is_journaled or is_told)
  if is_told then tell(record, accounts, legs, detail, not is_journaled) end
  return is_told
end
