-- A reservation, with those of its accounts that are still on the lease they were reserved under.

-- Turns the command back unless the copies of all these records can be read.
local function require_declared(records)
  local undeclared = {}
  for _, record in ipairs(records) do
    for _, account in ipairs(record.accounts) do
      if not batch.keys[account] then undeclared[#undeclared + 1] = account end
    end
  end
  if #undeclared > 0 then fail('WIDEN', unpack(undeclared)) end
end

-- Nil, or `record` with the parallel lists `accounts` and `legs`, which may be empty.
local function find(id)
  local record = record_of(id)
  if not record then return nil end
  require_declared({ record })
  local kept = { record = record, accounts = {}, legs = {} }
  for _, account in ipairs(record.accounts) do
    local copy = copy_of(account, record.uuid)
    local leg
    if copy.is_here and record.is_open then
      leg = leg_of(copy, record.uuid)
    elseif copy.is_here and record.legs[account].lease == copy.lease then
      leg = record.legs[account]
    end
    if leg then
      kept.accounts[#kept.accounts + 1] = account
      kept.legs[#kept.legs + 1] = leg
    end
  end
  return kept
end
