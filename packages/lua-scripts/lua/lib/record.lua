-- Records of reservations: what they were made with, and once they have ended, how.
--
--   open  `fingerprint createdAt account,account`, a line break, terms; the legs are in the copies
--   done  `fingerprint createdAt leg,leg`, a line break, terms; a leg is
--         `account|lease|state|amount spent deadline dispatched journaled`
--
-- The terms may contain anything (but line breaks, which JSON escapes). After them, and another line break,
-- comes what it took from limiters (`rates.lua`), if anything.
local function parse_record(id, text, is_record_open)
  local fingerprint, created, list, terms, taken =
    string.match(text, '^(%S*) (%d+) ([^\n]+)\n([^\n]*)\n?(.*)$')
  if not fingerprint then fail('DAMAGED', 'a record does not read back') end
  local record = {
    id = id,
    uuid = string.sub(id, -36),
    fingerprint = fingerprint,
    created = created,
    terms = terms,
    taken = taken,
    accounts = {},
    is_open = is_record_open,
  }
  if is_record_open then
    for account in string.gmatch(list, '[^,]+') do
      record.accounts[#record.accounts + 1] = account
    end
    return record
  end
  record.legs = {}
  for part in string.gmatch(list, '[^,]+') do
    local account, lease, state, leg = string.match(part, '^([^|]+)|([^|]+)|([res])|(.*)$')
    if not account then fail('DAMAGED', 'a tombstone does not read back') end
    record.accounts[#record.accounts + 1] = account
    record.legs[account] = parse_leg(leg, lease, state)
  end
  return record
end

local function pack_record(record)
  local list
  if record.is_open then
    list = table.concat(record.accounts, ',')
  else
    local parts = {}
    for index, account in ipairs(record.accounts) do
      local leg = record.legs[account]
      parts[index] = account .. '|' .. leg.lease .. '|' .. leg.state .. '|' .. leg_text(leg)
    end
    list = table.concat(parts, ',')
  end
  local head = record.fingerprint .. ' ' .. record.created .. ' ' .. list .. '\n' .. record.terms
  return record.taken == '' and head or head .. '\n' .. record.taken
end

-- Reads the records of `ids`, each of them at most once a call and all in a few commands. Returns the key
-- that holds something else, if one does.
local function load_records(ids)
  for step, key in ipairs({ batch.open_key, batch.done_key, batch.done_before_key }) do
    if #ids == 0 then return nil end
    local texts = redis.pcall('HMGET', key, unpack(ids))
    if texts.err then return key end
    local left = {}
    for index, id in ipairs(ids) do
      if texts[index] then
        batch.records[id] = { text = texts[index], is_open = step == 1 }
      else
        batch.records[id] = false
        left[#left + 1] = id
      end
    end
    ids = left
  end
  return nil
end

-- The record of a reservation, or false.
local function record_of(id)
  if batch.records[id] == nil then
    local wrong = load_records({ id })
    if wrong then fail('WRONGTYPE', wrong) end
  end
  local record = batch.records[id]
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
