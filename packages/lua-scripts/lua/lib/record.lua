-- A record that is looked into; see `records.lua` for what it is made of.
local function read_made(record)
  local made = record.made
  local list_end = string.find(made, '\n', CREATED_BYTES + 1, true)
  if not list_end then fail('DAMAGED', 'a record does not read back') end
  record.list_end = list_end
  local list = string.sub(made, CREATED_BYTES + 1, list_end - 1)
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
  if string.byte(record.made, from) == 10 then return '' end
  return string.match(record.made, '^[^\n]*', from)
end

local function fingerprint_of(record)
  return string.match(record.made, '^[^\n]*\n([^\n]*)', record.list_end + 1)
end

local function created_of(record)
  return (struct.unpack('<d', record.made))
end

local function new_record(id, rest, accounts)
  local made = struct.pack('<d', batch.now) .. rest
  local list_end = string.find(made, '\n', CREATED_BYTES + 1, true)
  return {
    id = id,
    uuid = string.sub(id, -ID_BYTES),
    made = made,
    list_end = list_end,
    accounts = accounts,
    is_open = false,
  }
end

local function parse_legs(record, text)
  local legs, at = {}, 2
  for index = 1, string.byte(text) do
    local lease, state, amount, spent, deadline, flags
    lease, state, amount, spent, deadline, flags, at = struct.unpack('<Bc0c1dddB', text, at)
    legs[index] = make_leg(lease, state, amount, spent, deadline, flags)
  end
  record.made = string.sub(text, at)
  return legs
end

local function parse_record(id, text, is_record_open)
  local record = { id = id, uuid = string.sub(id, -ID_BYTES), made = text, is_open = is_record_open }
  if #text <= CREATED_BYTES then fail('DAMAGED', 'a record does not read back') end
  if is_record_open then
    read_made(record)
    return record
  end
  local is_read, legs = pcall(parse_legs, record, text)
  if not is_read then fail('DAMAGED', 'a tombstone does not read back') end
  read_made(record)
  if #legs ~= #record.accounts then fail('DAMAGED', 'a tombstone does not read back') end
  record.legs = {}
  for index, account in ipairs(record.accounts) do record.legs[account] = legs[index] end
  return record
end

-- Leaves a reservation with fewer accounts, or others.
local function set_accounts(record, accounts)
  local made = record.made
  local list = table.concat(accounts, ',')
  record.made = string.sub(made, 1, CREATED_BYTES) .. list .. string.sub(made, record.list_end)
  record.list_end = CREATED_BYTES + #list + 1
  record.accounts = accounts
end

local function pack_record(record)
  if record.is_open then return record.made end
  local parts = { string.char(#record.accounts) }
  for index, account in ipairs(record.accounts) do
    parts[index + 1] = pack_ended_leg(record.legs[account])
  end
  return table.concat(parts) .. record.made
end

-- The record of a reservation, or false.
local function record_of(id)
  local record = batch.records[id]
  if record == nil then
    local wrong = load_records({ id })
    if wrong then fail('WRONGTYPE', wrong) end
    record = batch.records[id]
  end
  if record and record.text then
    record = parse_record(id, record.text, record.is_open)
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
