-- A record that is looked into; see `records.lua` for what it is made of.
local NOT_ALIKE = 128

local function read_made(record)
  local made = record.made
  local list_end = string.find(made, '\n', CREATED_BYTES + 1, true)
  if not list_end then fail('DAMAGED', 'a record does not read back') end
  record.list_end = list_end
  local list = string_sub(made, CREATED_BYTES + 1, list_end - 1)
  if not string.find(list, ',', 1, true) then
    record.accounts = { list }
    return
  end
  record.accounts = {}
  for account in string.gmatch(list, '[^,]+') do record.accounts[#record.accounts + 1] = account end
end

-- What a reservation took from limiters, empty for nothing.
local function taken_by(record)
  local from = record.list_end + 1
  if string_byte(record.made, from) == 10 then return '' end
  return string.match(record.made, '^[^\n]*', from)
end

-- The second line from `from`: after what it took.
local function fingerprint_in(text, from)
  return string.match(text, '^[^\n]*\n([^\n]*)', from)
end

local function created_of(record)
  return (unpack_from('<d', record.made))
end

local function new_record(id, rest, accounts)
  local made = batch.now_text .. rest
  local list_end = string.find(made, '\n', CREATED_BYTES + 1, true)
  return {
    id = id,
    uuid = string_sub(id, -ID_BYTES),
    made = made,
    list_end = list_end,
    accounts = accounts,
    is_open = false,
  }
end

-- What one came to that has ended, by its accounts.
local function keep_legs(record, accounts, legs, leases)
  record.legs, record.leases = {}, {}
  for index, account in ipairs(accounts) do
    record.legs[account], record.leases[account] = legs[index], leases[index]
  end
end

-- Legs and leases of one that has ended.
local function parse_legs(record, text)
  local count, leases, legs, at = string_byte(text), {}, {}, 2
  local are_alike = count < NOT_ALIKE
  if not are_alike then count = count - NOT_ALIKE end
  for index = 1, count do
    local last = at + string_byte(text, at)
    leases[index] = string_sub(text, at, last)
    at = last + 1
  end
  for index = 1, count do
    if index > 1 and are_alike then
      legs[index] = legs[1]
    else
      local state, amount, spent, deadline, flags
      state, amount, spent, deadline, flags, at = unpack_from('<c1dddB', text, at)
      legs[index] = make_leg(state, amount, spent, deadline, flags)
    end
  end
  record.made = string_sub(text, at)
  return legs, leases
end

local function parse_record(id, known)
  local is_open = type(known) == 'string'
  local text = is_open and known or known.text
  local record = { id = id, uuid = string_sub(id, -ID_BYTES), made = text, is_open = is_open }
  if #text <= CREATED_BYTES then fail('DAMAGED', 'a record does not read back') end
  if is_open then
    read_made(record)
    return record
  end
  local is_read, legs, leases = pcall(parse_legs, record, text)
  if not is_read then fail('DAMAGED', 'a tombstone does not read back') end
  read_made(record)
  if #legs ~= #record.accounts then fail('DAMAGED', 'a tombstone does not read back') end
  keep_legs(record, record.accounts, legs, leases)
  return record
end

-- Leaves a reservation with fewer accounts, or others.
local function set_accounts(record, accounts)
  local made = record.made
  local list = table.concat(accounts, ',')
  record.made = string_sub(made, 1, CREATED_BYTES) .. list .. string_sub(made, record.list_end)
  record.list_end = CREATED_BYTES + #list + 1
  record.accounts = accounts
end

local function pack_record(record)
  if record.is_open then return record.made end
  local accounts, leases, legs = record.accounts, {}, {}
  local are_alike = true
  for index, account in ipairs(accounts) do
    leases[index], legs[index] = record.leases[account], pack_end(record.legs[account])
    are_alike = are_alike and legs[index] == legs[1]
  end
  local count = string_char(#accounts + (are_alike and 0 or NOT_ALIKE))
  return count .. table.concat(leases) .. (are_alike and legs[1] or table.concat(legs)) .. record.made
end

-- The record of a reservation, or false.
local function record_of(id)
  local record = batch.records[id]
  if record == nil then
    local wrong = load_records({ id })
    if wrong then fail('WRONGTYPE', wrong) end
    record = batch.records[id]
  end
  if record and (type(record) == 'string' or record.text) then
    record = parse_record(id, record)
    batch.records[id] = record
  end
  return record
end

local function mark_changed(record)
  batch.records[record.id] = record
  if record.is_changed then return end
  record.is_changed = true
  batch.changed[#batch.changed + 1] = record
end
