-- Copies: reading the hash of an account.
--
--   c  `label lease start end drawn returned settled reserved sequence`; the label is the incarnation
--      under which it was installed
--   e  elsewhere, packed by the driver      n  lower bound of the next deadline, empty if nothing is open
--   t  `label ticket placed`, of a place that is kept for a copy      any other field: an open leg
--
-- Few packed fields, because reading fourteen costs as much as deciding. A copy of another incarnation
-- counts as none, and is overwritten. The first three are always there.
local META_FIELDS = 3

-- A copy that is not there, to be filled by whoever installs one.
local function absent_copy(account, key)
  return { account = account, key = key, legs = {}, next_due = math.huge, is_here = false, opened = 0 }
end

local function fill_copy(copy, text, elsewhere, next_due)
  local head, label, lease, starts, ends, drawn, returned, settled, reserved, sequence = string.match(
    text,
    '^((%S+) (%S+) (%d+) (%d+) (%d+) (%d+)) (%d+) (%d+) (%d+)$'
  )
  if not (head and elsewhere and next_due) then fail('DAMAGED', 'a copy does not read back') end
  if label ~= INC then return end
  copy.is_here = true
  copy.is_stored = true
  copy.is_leftover = false
  copy.text = text
  -- Everything before the sums that most commands change.
  copy.head = head
  copy.lease = lease
  copy.starts = starts
  copy.ends = ends
  copy.drawn = tonumber(drawn)
  copy.returned = tonumber(returned)
  copy.settled = tonumber(settled)
  copy.reserved = tonumber(reserved)
  copy.sequence = tonumber(sequence)
  copy.elsewhere = elsewhere
  copy.next_due = tonumber(next_due) or math.huge
end

local function fill_place(copy, text)
  local label, ticket, placed = string.match(text, '^(%S+) (%d+) (%d+)$')
  if label ~= INC then return end
  copy.ticket = tonumber(ticket)
  copy.placed = tonumber(placed)
end

-- The copy of a declared account; reads the leg `uuid` with it, if one is named.
local function copy_of(account, uuid)
  local copy = batch.copies[account]
  if copy then return copy end
  local key = batch.keys[account]
  if not key then fail('WIDEN', account) end
  -- The place is asked for where no leg is.
  local fields = redis.pcall('HMGET', key, 'c', 'e', 'n', uuid or 't')
  if fields.err then fail('WRONGTYPE', key) end
  copy = absent_copy(account, key)
  -- Whatever is there and is no copy of this incarnation goes when one is written.
  copy.is_leftover = true
  if fields[1] then fill_copy(copy, fields[1], fields[2], fields[3]) end
  if copy.is_here then
    if uuid then copy.legs[uuid] = fields[4] and parse_leg(fields[4], copy.lease, 'o') or false end
  else
    local place = fields[4]
    if uuid then place = redis.call('HGET', key, 't') end
    if place then fill_place(copy, place) end
  end
  batch.copies[account] = copy
  return copy
end

-- A copy as one word.
local function copy_text(copy)
  if not copy.text then
    copy.text = string.format('%s %.0f %.0f %.0f', copy.head, copy.settled, copy.reserved, copy.sequence)
  end
  return copy.text
end

-- What of a copy only its lease changes.
local function set_lease(copy, drawn, returned)
  copy.drawn = drawn
  copy.returned = returned
  copy.head = string.format(
    '%s %s %s %s %.0f %.0f', INC, copy.lease, copy.starts, copy.ends, drawn, returned
  )
  copy.text = nil
end

-- The open leg `uuid` of a copy, or false.
local function leg_of(copy, uuid)
  local leg = copy.legs[uuid]
  if leg ~= nil then return leg end
  if not copy.is_stored or copy.is_scanned then return false end
  local text = redis.call('HGET', copy.key, uuid)
  leg = text and parse_leg(text, copy.lease, 'o') or false
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
      copy.legs[uuid] = parse_leg(fields[index + 1], copy.lease, 'o')
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
