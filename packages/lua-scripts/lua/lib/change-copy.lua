-- Changes to copies, kept until `flush` writes them.
local function touch(copy)
  if copy.is_touched then return end
  copy.is_touched = true
  batch.touched[#batch.touched + 1] = copy
end

-- Keeps, replaces or (when it has ended) drops a leg of a copy.
local function put_leg(copy, uuid, leg)
  touch(copy)
  local before = leg_of(copy, uuid)
  -- Most often there is only one.
  if copy.changed_legs then
    copy.changed_legs[#copy.changed_legs + 1] = uuid
  elseif copy.changed_leg then
    copy.changed_legs = { copy.changed_leg, uuid }
  else
    copy.changed_leg = uuid
  end
  if leg.state ~= 'o' then
    if before then copy.opened = copy.opened - 1 end
    copy.legs[uuid] = false
    return
  end
  if not before then copy.opened = copy.opened + 1 end
  copy.legs[uuid] = leg
  if leg.deadline < copy.next_due then
    copy.next_due = leg.deadline
    copy.is_due_changed = true
  end
end

-- Sets the sums of a copy that one command has changed.
local function put_sums(copy, settled, reserved)
  touch(copy)
  copy.settled = settled
  copy.reserved = reserved
  copy.sequence = copy.sequence + 1
end

local function pack_sums(copy)
  return struct.pack('<dddd', copy.settled, copy.reserved, copy.sequence, copy.next_due)
end
