-- Sliding window log, in a sorted set: core's `sliding-window-log.ts`. A member for each entry, `at permits`,
-- scored by its time, and before them `h used count last permits`, about all and the last one.
--
-- A state is what is known of it here: { key, used, count, last, last_permits, gone_to }, and `stored` and
-- `changed` by time. What has run off is left out at once, which changes nothing.
function MAKE.l()
  local LOG_PAGE = 64

  -- What does not read back counts nothing: a limiter is not worth turning calls away for.
  local function log_entry(member)
    local at, permits = string.match(member, '^(%d+) (%d+)$')
    return tonumber(at) or 0, tonumber(permits) or 0
  end

  local function read_log(key)
    local found = redis.pcall('ZRANGE', key, '0', '0')
    local used, count, last, permits =
      string.match(found[1] or '', '^h (%d+) (%d+) (%d+) (%d+)$')
    if not used then return nil end
    local log = { key = key, head = found[1], gone_to = -1, stored = {}, changed = {} }
    log.used, log.count = tonumber(used), tonumber(count)
    log.last, log.last_permits = tonumber(last), tonumber(permits)
    log.stored[log.last] = log.last_permits
    return log
  end

  -- Permits of a stored entry as the commands before have left them; 0 when it is gone.
  local function log_permits(log, at, permits)
    log.stored[at] = permits
    local changed = log.changed[at]
    if changed == nil then return permits end
    return changed or 0
  end

  -- The last entry before the one at `at`, which is gone.
  local function find_last(log, at)
    log.last, log.last_permits = 0, 0
    if log.count == 0 then return end
    repeat
      local found = redis_call(
        'ZREVRANGEBYSCORE', log.key, '(' .. integer(at), '(' .. integer(log.gone_to), 'LIMIT', '0', '1'
      )
      if not found[1] then return end
      local permits
      at, permits = log_entry(found[1])
      log.last_permits = log_permits(log, at, permits)
    until log.last_permits > 0
    log.last = at
  end

  -- Writes what has changed of a sliding window log.
  local function write_log(key, log)
    local added = {}
    if log.key and log.gone_to >= 0 then
      redis_call('ZREMRANGEBYSCORE', key, '0', integer(log.gone_to))
    end
    for at, permits in pairs(log.changed) do
      local stored = log.stored[at]
      if log.key and stored then redis_call('ZREM', key, integer(at) .. ' ' .. integer(stored)) end
      if permits then
        added[#added + 1] = integer(at)
        added[#added + 1] = integer(at) .. ' ' .. integer(permits)
      end
    end
    if log.head then redis_call('ZREM', key, log.head) end
    added[#added + 1] = '-1'
    added[#added + 1] = string.format(
      'h %.0f %.0f %.0f %.0f', log.used, log.count, log.last, log.last_permits
    )
    redis_call('ZADD', key, unpack(added))
  end

  return {
    read = read_log,
    write = write_log,
    at = function(policy, log)
      if not log then
        return { used = 0, count = 0, last = 0, last_permits = 0, gone_to = -1, stored = {}, changed = {} }
      end
      local gone_to = math.max(log.last, batch.now) - policy.window
      if log.key and gone_to > log.gone_to and gone_to >= 0 then
        local gone = redis_call(
          'ZRANGEBYSCORE', log.key, '(' .. integer(log.gone_to), integer(gone_to)
        )
        for _, member in ipairs(gone) do
          local permits = log_permits(log, log_entry(member))
          log.used = math.max(0, log.used - permits)
          if permits > 0 then log.count = log.count - 1 end
        end
        log.gone_to = gone_to
      end
      if log.count == 0 then log.last, log.last_permits, log.used = 0, 0, 0 end
      return log
    end,
    used = function(_, log) return log.used end,
    add = function(_, log, permits)
      local at = math.max(log.last, batch.now)
      local is_merged = log.count > 0 and (log.last == at or log.count >= LOG_MAX)
      if is_merged then
        if log.last ~= at then log.changed[log.last] = false end
        log.last_permits = sum_to_max(log.last_permits, permits)
      else
        log.count = log.count + 1
        log.last_permits = permits
      end
      log.last = at
      log.changed[at] = log.last_permits
      log.used = sum_to_max(log.used, permits)
      return log
    end,
    give_back = function(_, log, permits, taken_at)
      if log.count == 0 or taken_at <= log.gone_to then return log end
      local taken = taken_at == log.last and log.last_permits or log.changed[taken_at]
      if taken == nil and log.key then
        local at = integer(taken_at)
        local found = redis_call('ZRANGEBYSCORE', log.key, at, at)
        if found[1] then
          local _, stored = log_entry(found[1])
          taken = log_permits(log, taken_at, stored)
        end
      end
      if not taken or taken == 0 then return log end
      local left = math.max(0, taken - permits)
      log.changed[taken_at] = left > 0 and left
      log.used = math.max(0, log.used - (taken - left))
      if left == 0 then log.count = log.count - 1 end
      if taken_at == log.last then
        if left > 0 then log.last_permits = left else find_last(log, taken_at) end
      end
      return log
    end,
    free_at = function(policy, log, excess)
      local to_go, offset, page = excess, 0, {}
      repeat
        if log.key then
          page = redis_call(
            'ZRANGEBYSCORE', log.key, '(' .. integer(log.gone_to), '+inf',
            'LIMIT', integer(offset), integer(LOG_PAGE)
          )
        end
        for _, member in ipairs(page) do
          local at, permits = log_entry(member)
          to_go = to_go - log_permits(log, at, permits)
          if to_go <= 0 then return at + policy.window end
        end
        offset = offset + LOG_PAGE
      until #page < LOG_PAGE
      return log.last + policy.window
    end,
    ends_at = function(policy, log) return log.last + policy.window end,
  }
end
