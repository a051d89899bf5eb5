-- Writes what the commands of this call have decided: a few commands for each copy, one for everything else.
--
-- Field lists are short enough for `unpack`: the driver bounds the weight of a call.
local OPEN_BUCKET_TTL_MS = '2100000' -- two time buckets, and a margin for clocks

local function write_legs(copy, fields)
  local ended = {}
  for uuid in pairs(copy.changed_legs or {}) do
    local leg = copy.legs[uuid]
    if leg then
      fields[#fields + 1] = uuid
      fields[#fields + 1] = pack_leg(leg)
    elseif copy.is_stored then
      ended[#ended + 1] = uuid
    end
  end
  redis.call('HSET', copy.key, unpack(fields))
  if #ended > 0 then redis.call('HDEL', copy.key, unpack(ended)) end
end

local function write_copy(copy)
  if copy.is_leftover then redis.call('DEL', copy.key) end
  if not copy.is_here then
    if copy.ticket then
      local ticket, placed = integer(copy.ticket), integer(copy.placed)
      redis.call('HSET', copy.key, 'i', INC, 't', ticket, 'p', placed)
    end
    return
  end
  local sums = {
    's', integer(copy.settled), 'h', integer(copy.reserved), 'q', integer(copy.sequence),
  }
  local is_new = not copy.is_stored
  local function add(name, value)
    sums[#sums + 1] = name
    sums[#sums + 1] = value
  end
  if is_new or copy.is_due_changed then
    add('n', copy.next_due < math.huge and integer(copy.next_due) or '')
  end
  if is_new or copy.is_lease_changed then
    add('d', integer(copy.drawn))
    add('r', integer(copy.returned))
    add('e', copy.elsewhere)
  end
  if is_new then
    add('l', copy.lease)
    add('i', INC)
    add('a', integer(copy.starts))
    add('z', integer(copy.ends))
  end
  write_legs(copy, sums)
end

local function write_due()
  local later, none = {}, {}
  for _, copy in ipairs(batch.touched) do
    if copy.is_due_changed or copy.was_due then
      if copy.next_due < math.huge then
        later[#later + 1] = integer(copy.next_due)
        later[#later + 1] = copy.account
      else
        none[#none + 1] = copy.account
      end
    end
  end
  if #later > 0 then redis.call('ZADD', batch.due_key, unpack(later)) end
  if #none > 0 then redis.call('ZREM', batch.due_key, unpack(none)) end
end

local function write_records()
  local open, ended, gone = {}, {}, {}
  for _, record in ipairs(batch.changed) do
    local list = record.is_open and open or ended
    list[#list + 1] = record.id
    list[#list + 1] = pack_record(record)
    if not record.is_open then gone[#gone + 1] = record.id end
  end
  if #open > 0 then redis.call('HSET', batch.open_key, unpack(open)) end
  if #gone == 0 then return end
  redis.call('HDEL', batch.open_key, unpack(gone))
  redis.call('HSET', batch.done_key, unpack(ended))
  redis.call('PEXPIRE', batch.done_key, OPEN_BUCKET_TTL_MS, 'NX')
end

-- Returns the position of the journal entry, empty if there is none.
local function write_events()
  if #batch.events == 0 then return '' end
  if not batch.is_clock_given then return redis.call('XADD', batch.journal_key, '*', unpack(batch.events)) end
  -- A test's clock may stand still or go back, and positions may not.
  local at = integer(batch.now)
  local added = redis.pcall('XADD', batch.journal_key, at .. '-*', unpack(batch.events))
  if not added.err then return added end
  local info = redis.call('XINFO', 'STREAM', batch.journal_key)
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then at = string.match(info[index + 1], '^%d+') end
  end
  return redis.call('XADD', batch.journal_key, at .. '-*', unpack(batch.events))
end

local function flush()
  for _, copy in ipairs(batch.touched) do write_copy(copy) end
  write_due()
  write_records()
  return write_events()
end
