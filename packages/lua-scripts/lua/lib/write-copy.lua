-- Writes a copy, whatever of it has changed; see flush.lua for the usual case.
local function write_copy(copy)
  local key = key_of(copy)
  if copy.is_leftover then redis_call('DEL', key) end
  if not copy.head then
    if copy.ticket then
      local place = INC .. ' ' .. integer(copy.ticket) .. ' ' .. integer(copy.placed)
      redis_call('HSET', key, 't', place)
    end
    return
  end
  local is_new = not copy.is_stored
  local fields = { 's', pack_sums(copy) }
  if is_new or copy.is_head_changed then
    fields[3], fields[4] = 'h', copy.head
  end
  local size = #fields
  if is_new or copy.is_elsewhere_changed then
    fields[size + 1], fields[size + 2] = 'e', copy.elsewhere
  end
  write_legs(copy, fields)
end
