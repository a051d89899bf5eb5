-- A reservation, with those of its accounts that are still on the lease they were reserved under.

-- Turns the command back unless the copies of all these accounts can be read.
local function require_declared(records)
  local undeclared
  for _, record in ipairs(records) do
    for _, account in ipairs(record.accounts) do
      if not batch.keys[account] then
        undeclared = undeclared or {}
        undeclared[#undeclared + 1] = account
      end
    end
  end
  if undeclared then fail('WIDEN', unpack(undeclared)) end
end

-- Nil, or { record, accounts, legs }, the lists parallel and perhaps empty.
local function find(id)
  local record = record_of(id)
  if not record then return nil end
  require_declared({ record })
  local accounts, legs = {}, {}
  for _, account in ipairs(record.accounts) do
    local copy = copy_of(account, record.uuid)
    local leg
    if copy.is_here and record.is_open then
      leg = leg_of(copy, record.uuid)
    elseif copy.is_here and record.legs[account].lease == copy.lease then
      leg = record.legs[account]
    end
    if leg then
      accounts[#accounts + 1] = account
      legs[#legs + 1] = leg
    end
  end
  return { record = record, accounts = accounts, legs = legs }
end
