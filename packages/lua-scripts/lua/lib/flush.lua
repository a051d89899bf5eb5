-- Writes what the commands of this call have decided: a few commands for each copy, one for everything else.
--
-- Field lists are short enough for `unpack`: the driver bounds the weight of a call.
local DONE_TTL_MS = '2100000' -- two time buckets, and a margin for clocks

-- A copy of which only sums and legs changed, and most often one leg.
local function write_change(copy)
  local key, uuid, legs = key_of(copy), copy.changed_leg, copy.legs
  if copy.changed_legs then
    write_legs(copy, { 's', pack_sums(copy) })
  elseif uuid and legs[uuid] then
    redis_call('HSET', key, 's', pack_sums(copy), uuid, legs[uuid])
  else
    redis_call('HSET', key, 's', pack_sums(copy))
    if uuid then redis_call('HDEL', key, uuid) end
  end
end

-- The arguments of ZADD and ZREM.
local function due_changes()
  local later, none = {}, batch.not_due
  local touched = batch.touched
  for index = 1, #touched do
    local copy = touched[index]
    if copy.is_due_changed or copy.was_due then
      if copy.next_due < math.huge then
        later[#later + 1] = integer(copy.next_due)
        later[#later + 1] = account_at(copy.place)
      else
        none[#none + 1] = account_at(copy.place)
      end
    end
  end
  return later, none
end

-- The arguments of HSET for both kinds of records, and those that are not open any more.
local function record_changes()
  local open, ended, gone = batch.open, batch.ended, batch.gone
  for _, record in ipairs(batch.changed) do
    local list = record.is_open and open or ended
    list[#list + 1] = record.id
    list[#list + 1] = general().pack_record(record)
    if not record.is_open then gone[#gone + 1] = record.id end
  end
  return open, ended, gone
end

-- Returns the position of the journal entry, empty if there is none.
local function write_events()
  if #batch.events == 0 then return '' end
  local key = batch.journal_key
  if not batch.is_clock_given then return redis_call('XADD', key, '*', unpack(batch.events)) end
  -- A test's clock may stand still or go back, and positions may not.
  local at = integer(batch.now)
  local added = redis.pcall('XADD', key, at .. '-*', unpack(batch.events))
  if not added.err then return added end
  local info = redis_call('XINFO', 'STREAM', key)
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then at = string.match(info[index + 1], '^%d+') end
  end
  return redis_call('XADD', key, at .. '-*', unpack(batch.events))
end

-- Whether a key holds something else than what is about to be written to it.
local function is_other(key, wanted)
  local found = redis_call('TYPE', key).ok
  return found ~= wanted and found ~= 'none'
end

-- Returns the position, or nothing and the key for which nothing was written at all.
local function flush()
  local later, none = due_changes()
  local open, ended, gone = record_changes()
  -- Open records, and the copies, have been read, so their keys are what they should be.
  if #later + #none > 0 and is_other(batch.due_key, 'zset') then return nil, batch.due_key end
  if #ended > 0 and is_other(batch.done_key, 'hash') then return nil, batch.done_key end
  if #batch.events > 0 and is_other(batch.journal_key, 'stream') then return nil, batch.journal_key end
  for index = 1, #batch.touched do
    local copy = batch.touched[index]
    if copy.is_stored and not (copy.is_head_changed or copy.is_elsewhere_changed) then
      write_change(copy)
    else
      general().rare().write_copy(copy)
    end
  end
  if #later > 0 then redis_call('ZADD', batch.due_key, unpack(later)) end
  if #none > 0 then redis_call('ZREM', batch.due_key, unpack(none)) end
  if #open > 0 then redis_call('HSET', batch.open_key, unpack(open)) end
  if #ended > 0 then
    redis_call('HDEL', batch.open_key, unpack(gone))
    redis_call('HSET', batch.done_key, unpack(ended))
    redis_call('PEXPIRE', batch.done_key, DONE_TTL_MS, 'NX')
  end
  for _, limiter in ipairs(batch.changed_limiters) do limiters().write_limiter(limiter) end
  return write_events()
end
