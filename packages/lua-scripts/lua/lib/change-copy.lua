-- Changes to copies, kept until `flush` writes them.
local function touch(copy)
  if copy.is_touched then return end
  copy.is_touched = true
  batch.touched[#batch.touched + 1] = copy
end

-- Notes which leg of a copy is to be written: most often there is only one.
local function note_leg(copy, uuid)
  if not copy.changed_leg then
    copy.changed_leg = uuid
  elseif copy.changed_legs then
    copy.changed_legs[#copy.changed_legs + 1] = uuid
  else
    copy.changed_legs = { copy.changed_leg, uuid }
  end
end

-- Puts a leg on a copy that has changed.
local function open_leg(copy, uuid, packed, deadline)
  note_leg(copy, uuid)
  copy.legs[uuid] = packed
  if deadline < copy.next_due then
    copy.next_due = deadline
    copy.is_due_changed = true
  end
end

-- Takes a leg that is there off a copy that has changed.
local function close_leg(copy, uuid)
  note_leg(copy, uuid)
  copy.legs[uuid] = false
end

-- Sets the sums of a copy that one command has changed.
local function put_sums(copy, settled, reserved)
  if not copy.is_touched then touch(copy) end
  copy.settled = settled
  copy.reserved = reserved
  copy.sequence = copy.sequence + 1
end

local function pack_sums(copy)
  return pack('<dddd', copy.settled, copy.reserved, copy.sequence, copy.next_due)
end

-- Writes `fields` of a copy, and the legs of it that changed.
local function write_legs(copy, fields)
  local size, legs, ended = #fields, copy.legs, nil
  for _, uuid in ipairs(copy.changed_legs or { copy.changed_leg }) do
    local leg = legs[uuid]
    if leg then
      fields[size + 1], fields[size + 2] = uuid, leg
      size = size + 2
    elseif copy.is_stored then
      ended = ended or {}
      ended[#ended + 1] = uuid
    end
  end
  redis_call('HSET', key_of(copy), unpack(fields))
  if ended then redis_call('HDEL', key_of(copy), unpack(ended)) end
end
