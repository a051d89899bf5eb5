-- Concurrency slots, in a hash: core's `concurrency.ts`. A field for each reservation that holds some,
-- `permits deadline`, and `h`: `used count next last`, sums and bounds of the deadlines.
--
-- A state is { key, used, count, next_at, last_at, held by reservation }. What is due is left out at once.
function MAKE.c()
  local function no_slots(slots)
    slots.used, slots.count, slots.next_at, slots.last_at = 0, 0, INSTANT_MAX, 0
    return slots
  end

  local function parse_slot(text)
    local permits, deadline = string.match(text, '^(%d+) (%d+)$')
    return permits and { permits = tonumber(permits), deadline = tonumber(deadline) } or false
  end

  local function read_slots(key)
    local text = redis.pcall('HGET', key, 'h')
    if type(text) ~= 'string' then return nil end
    local used, count, next_at, last_at = string.match(text, '^(%d+) (%d+) (%d+) (%d+)$')
    if not used then return nil end
    return {
      key = key,
      used = tonumber(used),
      count = tonumber(count),
      next_at = tonumber(next_at),
      last_at = tonumber(last_at),
      held = {},
    }
  end

  -- What `uuid` holds, or false.
  local function slot_of(slots, uuid)
    if slots.held[uuid] == nil then
      local text = slots.key and redis_call('HGET', slots.key, uuid)
      slots.held[uuid] = text and parse_slot(text) or false
    end
    return slots.held[uuid]
  end

  local function drop_slot(slots, uuid)
    local slot = slot_of(slots, uuid)
    if not slot then return false end
    slots.used = math.max(0, slots.used - slot.permits)
    slots.count = slots.count - 1
    slots.held[uuid] = false
    return true
  end

  local function hold_slot(slots, uuid, permits, deadline)
    drop_slot(slots, uuid)
    slots.used = sum_to_max(slots.used, permits)
    slots.count = slots.count + 1
    slots.held[uuid] = { permits = permits, deadline = deadline }
    slots.next_at = math.min(slots.next_at, deadline)
    slots.last_at = math.max(slots.last_at, deadline)
    return slots
  end

  local function write_slots(key, slots)
    local fields, gone = {}, {}
    for uuid, slot in pairs(slots.held) do
      if slot then
        fields[#fields + 1] = uuid
        fields[#fields + 1] = integer(slot.permits) .. ' ' .. integer(slot.deadline)
      elseif slots.key then
        gone[#gone + 1] = uuid
      end
    end
    -- Few at a time: `unpack` takes only so many.
    for from = 1, #fields, 1000 do
      redis_call('HSET', key, unpack(fields, from, math.min(from + 999, #fields)))
    end
    for from = 1, #gone, 1000 do
      redis_call('HDEL', key, unpack(gone, from, math.min(from + 999, #gone)))
    end
    redis_call('HSET', key, 'h', string.format(
      '%.0f %.0f %.0f %.0f', slots.used, slots.count, slots.next_at, slots.last_at
    ))
  end

  return {
    read = read_slots,
    write = write_slots,
    drop = drop_slot,
    hold = hold_slot,
    at = function(_, slots)
      if not slots then return no_slots({ held = {} }) end
      if slots.next_at > batch.now then return slots end
      local fields = slots.key and redis_call('HGETALL', slots.key) or {}
      for index = 1, #fields, 2 do
        local uuid = fields[index]
        if uuid ~= 'h' and slots.held[uuid] == nil then
          slots.held[uuid] = parse_slot(fields[index + 1])
        end
      end
      local next_at, due = INSTANT_MAX, {}
      for uuid, slot in pairs(slots.held) do
        if slot and slot.deadline <= batch.now then
          due[#due + 1] = uuid
        elseif slot then
          next_at = math.min(next_at, slot.deadline)
        end
      end
      for _, uuid in ipairs(due) do drop_slot(slots, uuid) end
      slots.next_at = next_at
      if slots.count == 0 then no_slots(slots) end
      return slots
    end,
    used = function(_, slots) return slots.used end,
    add = function(_, slots, permits, uuid, deadline)
      return hold_slot(slots, uuid, permits, deadline)
    end,
    free_at = function(_, slots) return slots.next_at end,
    ends_at = function(_, slots) return slots.last_at end,
  }
end
