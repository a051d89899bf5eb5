-- Records of reservations: what they were made with, and once they have ended, how.
--
--   open  `fingerprint createdAt account,account terms`; the legs are in the copies
--   done  `fingerprint createdAt leg,leg terms`, a leg being
--         `account|lease|state|amount|spent|deadline|dispatched`
--
-- The terms come last, for they may contain anything.
local function parse_record(id, text, is_record_open)
  local fingerprint, created, list, terms = string.match(text, '^(%S*) (%d+) (%S+) (.*)$')
  if not fingerprint then fail('DAMAGED', 'a record does not read back') end
  local record = {
    id = id,
    uuid = string.sub(id, -36),
    fingerprint = fingerprint,
    created = created,
    terms = terms,
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
    local account, lease, state, amount, spent, deadline, dispatched =
      string.match(part, '^([^|]+)|([^|]+)|([res])|(%d+)|(%d+)|(%d+)|([01])$')
    if not account then fail('DAMAGED', 'a tombstone does not read back') end
    record.accounts[#record.accounts + 1] = account
    record.legs[account] = {
      lease = lease,
      state = state,
      amount = tonumber(amount),
      spent = tonumber(spent),
      deadline = tonumber(deadline),
      is_dispatched = dispatched == '1',
      -- Whatever has ended has been told.
      is_journaled = true,
    }
  end
  return record
end

local function pack_record(record)
  if record.is_open then
    local accounts = table.concat(record.accounts, ',')
    return table.concat({ record.fingerprint, record.created, accounts, record.terms }, ' ')
  end
  local legs = {}
  for index, account in ipairs(record.accounts) do
    local leg = record.legs[account]
    legs[index] = string.format(
      '%s|%s|%s|%.0f|%.0f|%.0f|%s',
      account,
      leg.lease,
      leg.state,
      leg.amount,
      leg.spent,
      leg.deadline,
      leg.is_dispatched and '1' or '0'
    )
  end
  return table.concat({ record.fingerprint, record.created, table.concat(legs, ','), record.terms }, ' ')
end

-- Reads the records of `ids`, each of them at most once a call and all in a few commands.
local function load_records(ids)
  for step, key in ipairs({ batch.open_key, batch.done_key, batch.done_before_key }) do
    if #ids == 0 then return end
    local texts = redis.call('HMGET', key, unpack(ids))
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
end

-- The record of a reservation, or false.
local function record_of(id)
  if batch.records[id] == nil then load_records({ id }) end
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
