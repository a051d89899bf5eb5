-- Stores a changed reservation, and tells the journal if the ledger should know.
local function tell(record, accounts, legs, detail, is_first)
  local event = pack_event(record.id, legs[1], is_first, #accounts)
  for _, account in ipairs(accounts) do event = event .. pack_interval(copy_of(account)) end
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
    if leg.is_journaled ~= is_journaled then
      leg = leg_with(leg, leg.state, leg.spent, is_journaled)
      legs[index] = leg
    end
    -- What had ended before is not in the copy.
    if is_still_open or was_open then put_leg(copy_of(account), record.uuid, leg) end
  end
  if is_moved then set_accounts(record, accounts) end
  record.is_open = is_still_open
  record.legs, record.leases = nil, nil
  if is_still_open then return end
  local leases = {}
  for index, account in ipairs(accounts) do leases[index] = pack_lease(copy_of(account)) end
  keep_legs(record, accounts, legs, leases)
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
