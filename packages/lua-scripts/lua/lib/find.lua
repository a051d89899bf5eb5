-- A reservation, with those of its accounts that are still on the lease they were reserved under.

local places
local function place_of(account)
  if not places then
    places = {}
    for place = 1, before_limiters - BEFORE_COPIES do places[account_at(place)] = place end
  end
  return places[account]
end

-- The copy of an account; reads the leg `uuid` with it, if one is named.
local function copy_of(account, uuid)
  local place = place_of(account)
  if not place then fail('WIDEN', account) end
  return copy_at(place, uuid)
end

-- Turns the command back unless the copies of all its accounts can be read.
local function require_declared(record)
  local undeclared
  for _, account in ipairs(record.accounts) do
    if not place_of(account) then
      undeclared = undeclared or {}
      undeclared[#undeclared + 1] = account
    end
  end
  if undeclared then fail('WIDEN', unpack(undeclared)) end
end

-- Nil, or its record, and the parallel lists of accounts and legs, which may be empty.
local function find(id)
  local record = record_of(id)
  if not record then return nil end
  require_declared(record)
  local accounts, legs, count = {}, {}, 0
  for _, account in ipairs(record.accounts) do
    local copy = copy_of(account, record.uuid)
    local leg
    if copy.head and record.is_open then
      leg = leg_of(copy, record.uuid)
    elseif copy.head and record.leases[account] == pack_lease(copy) then
      leg = record.legs[account]
    end
    if leg then
      count = count + 1
      accounts[count], legs[count] = account, leg
    end
  end
  return record, accounts, legs
end
