-- Copies: reading the hash of an account.
--
--   l lease  i incarnation it was installed under  d drawn  r returned  s settled  h reserved  q sequence
--   a start  z end of the period  e elsewhere, packed by the driver  n lower bound of the next deadline
--   t ticket  p placed at, of a place that is kept for a copy     any other field: an open leg
--
-- A copy of another incarnation counts as none, and is overwritten. The first eleven are always there.
local META_FIELDS = 11

-- A copy that is not there, to be filled by whoever installs one.
local function absent_copy(account, key)
  return { account = account, key = key, legs = {}, next_due = math.huge, is_here = false, opened = 0 }
end

local function fill_copy(copy, fields)
  copy.is_here = true
  copy.is_stored = true
  copy.lease = fields[1]
  copy.drawn = tonumber(fields[3])
  copy.returned = tonumber(fields[4])
  copy.settled = tonumber(fields[5])
  copy.reserved = tonumber(fields[6])
  copy.sequence = tonumber(fields[7])
  copy.starts = tonumber(fields[8])
  copy.ends = tonumber(fields[9])
  copy.elsewhere = fields[10]
  -- Empty when nothing is open.
  copy.next_due = tonumber(fields[11] or '') or math.huge
  local is_whole = copy.drawn and copy.returned and copy.settled and copy.reserved
  if not (is_whole and copy.sequence and copy.starts and copy.ends and copy.elsewhere) then
    fail('DAMAGED', 'a copy does not read back')
  end
end

-- The copy of a declared account; reads the leg `uuid` with it, if one is named.
local function copy_of(account, uuid)
  local copy = batch.copies[account]
  if copy then return copy end
  local key = batch.keys[account]
  if not key then fail('WIDEN', account) end
  -- The label again where no leg is asked for.
  local fields = redis.pcall(
    'HMGET', key, 'l', 'i', 'd', 'r', 's', 'h', 'q', 'a', 'z', 'e', 'n', 't', 'p', uuid or 'i'
  )
  if fields.err then fail('WRONGTYPE', key) end
  copy = absent_copy(account, key)
  -- Whatever is there and is no copy of this incarnation goes when one is written.
  copy.is_leftover = true
  if fields[2] == INC and fields[1] then
    copy.is_leftover = false
    fill_copy(copy, fields)
    if uuid then copy.legs[uuid] = fields[14] and parse_leg(fields[14], copy.lease) or false end
  elseif fields[2] == INC then
    copy.ticket = tonumber(fields[12] or '')
    copy.placed = tonumber(fields[13] or '')
  end
  batch.copies[account] = copy
  return copy
end

-- The open leg `uuid` of a copy, or false.
local function leg_of(copy, uuid)
  local leg = copy.legs[uuid]
  if leg ~= nil then return leg end
  if not copy.is_stored or copy.is_scanned then return false end
  local text = redis.call('HGET', copy.key, uuid)
  leg = text and parse_leg(text, copy.lease) or false
  copy.legs[uuid] = leg
  return leg
end

-- Reads all open legs of a copy.
local function scan(copy)
  if copy.is_scanned or not copy.is_stored then return end
  local fields = redis.call('HGETALL', copy.key)
  for index = 1, #fields, 2 do
    local uuid = fields[index]
    if #uuid == 36 and copy.legs[uuid] == nil then
      copy.legs[uuid] = parse_leg(fields[index + 1], copy.lease)
    end
  end
  copy.is_scanned = true
end

-- Whether anything is open on a copy.
local function is_open(copy)
  local count = copy.opened
  if copy.is_stored then count = count + redis.call('HLEN', copy.key) - META_FIELDS end
  return count > 0
end
