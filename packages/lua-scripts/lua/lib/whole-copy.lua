-- What is asked of a copy as a whole: its lease changes, another one takes its place, all its legs.

local function lease_of(copy)
  return string_sub(copy.head, #LABEL + 34)
end

-- What was read out of the head, or told of it, is not so any more.
local function forget_head(copy)
  copy.limit, copy.is_outside, copy.lease, copy.interval = nil, nil, nil, nil
  copy.is_told = false
end

-- What of a copy only its lease changes.
local function set_lease(copy, lease, drawn, returned, starts, ends)
  forget_head(copy)
  copy.head = LABEL .. pack('<ddddBc0', drawn, returned, starts, ends, #lease, lease)
  copy.is_head_changed = true
end

local function set_elsewhere(copy, elsewhere)
  forget_head(copy)
  copy.elsewhere = elsewhere
  copy.is_elsewhere_changed = true
end

-- Puts another copy, or none, in the place of an account's.
local function replace_copy(old, copy)
  copy.is_leftover = old.is_stored or old.is_leftover
  -- Whether the old one may be in the set of due accounts, or was before this call.
  copy.was_due = old.was_due or old.is_due_changed or old.next_due < math.huge
  batch.copies[copy.place] = copy
  if old.is_touched then
    for index, touched in ipairs(batch.touched) do
      if touched == old then batch.touched[index] = copy end
    end
    copy.is_touched = true
  else
    touch(copy)
  end
end

-- Reads all open legs of a copy.
local function scan(copy)
  if copy.is_scanned or not copy.is_stored then return end
  local fields = redis_call('HGETALL', key_of(copy))
  for index = 1, #fields, 2 do
    local uuid = fields[index]
    if #uuid == ID_BYTES and copy.legs[uuid] == nil then
      copy.legs[uuid] = fields[index + 1]
    end
  end
  copy.is_scanned = true
end

-- Whether anything is open on a copy. Does not read its legs: there may be many.
local function is_open(copy)
  for _, leg in pairs(copy.legs) do
    if leg then return true end
  end
  if not copy.is_stored then return false end
  -- What has ended in this call is still stored.
  local count, is_counted = redis_call('HLEN', key_of(copy)) - META_FIELDS, {}
  for _, uuid in ipairs(copy.changed_legs or { copy.changed_leg }) do
    if not is_counted[uuid] then count = count - redis_call('HEXISTS', key_of(copy), uuid) end
    is_counted[uuid] = true
  end
  return count > 0
end
