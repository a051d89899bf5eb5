-- Copies: reading the hash of an account. Numbers are packed as they are held here, eight bytes each.
--
--   h  the label, which is the incarnation under which it was installed, with its length; then
--      `drawn returned starts ends`, and the lease with its length
--   s  `settled reserved sequence next`, which most commands change; next is a lower bound of the next
--      deadline, infinite if nothing is open
--   e  elsewhere, packed by the driver: what the whole account leaves for the lease, infinite without a
--      limit, and then what nobody here reads
--   t  `label ticket placed`, of a place that is kept for a copy      any other field: an open leg
--
-- Values of up to 64 bytes, so that Redis keeps a copy in one piece. A copy of another incarnation, or of
-- another layout, counts as none, and is overwritten. The first three are always there.
--
-- Here a copy is a table of few fields (16: Lua makes room for twice as many for the next one), because
-- making it costs as much as reading the hash: `head` is h, nil if there is no copy, and is looked into when
-- something of it is needed.
local META_FIELDS = 3
local LABEL = string_char(#INC) .. INC
local SUMS_BYTES = 32
local ID_BYTES = 16

-- A copy that is not there, to be filled by whoever installs one.
local function absent_copy(place)
  return { place = place, legs = {}, next_due = math.huge }
end

local function key_of(copy)
  return KEYS[BEFORE_COPIES + copy.place]
end

-- Drawn, returned, start and end of a copy that is there.
local function standing_of(copy)
  return unpack_from('<dddd', copy.head, #LABEL + 1)
end

-- The lease of a copy that is there, with its length.
local function pack_lease(copy)
  local lease = copy.lease
  if not lease then
    lease = string_sub(copy.head, #LABEL + 33)
    copy.lease = lease
  end
  return lease
end

-- Nil for one of another incarnation.
local function stored_copy(place, fields, legs)
  local head, sums, elsewhere = fields[1], fields[2], fields[3]
  if string_sub(head, 1, #LABEL) ~= LABEL then return nil end
  local is_whole = sums and elsewhere and #sums == SUMS_BYTES and #elsewhere >= 8
    and string_byte(head, #LABEL + 33) == #head - #LABEL - 33
  if not is_whole then fail('DAMAGED', 'a copy does not read back') end
  local settled, reserved, sequence, next_due = unpack_from('<dddd', sums)
  if not are_amounts(settled, reserved, sequence) then
    fail('DAMAGED', 'a copy does not read back')
  end
  return {
    place = place,
    is_stored = true,
    is_touched = false,
    is_told = false, -- this call has answered with what of it only its lease changes
    head = head,
    settled = settled,
    reserved = reserved,
    sequence = sequence,
    elsewhere = elsewhere,
    next_due = next_due,
    legs = legs,
    changed_leg = nil,
    limit = nil, -- these are read out of the head when they are needed
    is_outside = nil,
    lease = nil,
    interval = nil,
  }
end

local function fill_place(copy, text)
  local label, ticket, placed = string.match(text, '^(%S+) (%d+) (%d+)$')
  if label ~= INC then return end
  copy.ticket = tonumber(ticket)
  copy.placed = tonumber(placed)
end

-- The copy in a place; reads the leg `uuid` with it, if one is named and not new.
local function copy_at(place, uuid, is_new)
  local copy = batch.copies[place]
  if copy then return copy end
  local key = KEYS[BEFORE_COPIES + place]
  local fields
  if uuid and not is_new then
    fields = redis.pcall('HMGET', key, 'h', 's', 'e', uuid)
  else
    fields = redis.pcall('HMGET', key, 'h', 's', 'e')
  end
  if fields.err then fail('WRONGTYPE', key) end
  copy = fields[1] and stored_copy(place, fields, uuid and { [uuid] = fields[4] or false } or {})
  if not copy then
    copy = absent_copy(place)
    -- Whatever is there and is no copy of this incarnation goes when one is written.
    copy.is_leftover = true
    local kept = redis_call('HGET', key, 't')
    if kept then fill_place(copy, kept) end
  end
  batch.copies[place] = copy
  return copy
end

-- The open leg `uuid` of a copy, or false.
local function leg_of(copy, uuid)
  local text = copy.legs[uuid]
  if text == nil then
    if not copy.is_stored or copy.is_scanned then return false end
    text = redis_call('HGET', key_of(copy), uuid)
    copy.legs[uuid] = text
  end
  return text and parse_open_leg(text)
end
