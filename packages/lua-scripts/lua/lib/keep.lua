-- Stores a changed reservation, and tells the journal if the ledger should know.

-- Appends one event: `e` who, what and where, `d` detail, and `t` terms when it is the first to tell them.
local function tell(record, accounts, legs, detail, is_first)
  local leg = legs[1]
  local places = {}
  for index, account in ipairs(accounts) do
    local copy = copy_of(account)
    places[index] = account .. '|' .. legs[index].lease .. '|' .. copy.starts .. '|' .. copy.ends
  end
  local where = table.concat(places, ',')
  local head = record.id .. ' ' .. leg.state .. ' ' .. leg_text(leg) .. ' ' .. batch.now_text .. ' ' .. where
  if is_first then head = head .. ' ' .. record.fingerprint .. ' ' .. record.created end
  local events = batch.events
  local at = #events
  events[at + 1], events[at + 2], events[at + 3], events[at + 4] = 'e', head, 'd', detail
  if is_first then events[at + 5], events[at + 6] = 't', record.terms end
end

-- Puts a reservation where it belongs: open, or ended just now.
local function store(record, accounts, legs, is_journaled)
  local is_still_open = legs[1].state == 'o'
  if not is_still_open or not record.is_open or #accounts ~= #record.accounts then
    mark_changed(record)
  end
  for index, account in ipairs(accounts) do
    local leg = legs[index]
    if leg.is_journaled ~= is_journaled then
      leg.is_journaled = is_journaled
      leg.text = nil
    end
    -- What had ended before is not in the copy.
    if is_still_open or record.is_open then put_leg(copy_of(account), record.uuid, leg) end
  end
  record.accounts = accounts
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
