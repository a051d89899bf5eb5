-- Changes to copies, kept until `flush` writes them.
local function touch(copy)
  if copy.is_touched then return end
  copy.is_touched = true
  batch.touched[#batch.touched + 1] = copy
end

local function set_next_due(copy, next_due)
  copy.next_due = next_due
  copy.sums = nil
  copy.is_due_changed = true
end

-- Keeps, replaces or (when it has ended) drops a leg of a copy.
local function put_leg(copy, uuid, leg)
  touch(copy)
  local before = leg_of(copy, uuid)
  local changed = copy.changed_legs
  if changed then
    changed[#changed + 1] = uuid
  else
    copy.changed_legs = { uuid }
  end
  if leg.state ~= 'o' then
    if before then copy.opened = copy.opened - 1 end
    copy.legs[uuid] = false
    return
  end
  if not before then copy.opened = copy.opened + 1 end
  copy.legs[uuid] = leg
  if leg.deadline < copy.next_due then set_next_due(copy, leg.deadline) end
end

-- Sets the sums of a copy that one command has changed.
local function put_sums(copy, settled, reserved)
  touch(copy)
  copy.settled = settled
  copy.reserved = reserved
  copy.sequence = copy.sequence + 1
  copy.sums = nil
end

-- Puts another copy, or none, in the place of an account's.
local function replace_copy(old, copy)
  copy.is_leftover = old.is_stored or old.is_leftover
  -- Whether the old one may be in the set of due accounts, or was before this call.
  copy.was_due = old.was_due or old.is_due_changed or old.next_due < math.huge
  batch.copies[copy.account] = copy
  if old.is_touched then
    for index, touched in ipairs(batch.touched) do
      if touched == old then batch.touched[index] = copy end
    end
    copy.is_touched = true
  else
    touch(copy)
  end
end
