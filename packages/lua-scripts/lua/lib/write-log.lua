-- Writes what has changed of a sliding window log; see `sliding-log.lua`.
local function write_log(key, log)
  local added = {}
  if log.key and log.gone_to >= 0 then
    redis.call('ZREMRANGEBYSCORE', key, '0', integer(log.gone_to))
  end
  for at, permits in pairs(log.changed) do
    local stored = log.stored[at]
    if log.key and stored then redis.call('ZREM', key, integer(at) .. ' ' .. integer(stored)) end
    if permits then
      added[#added + 1] = integer(at)
      added[#added + 1] = integer(at) .. ' ' .. integer(permits)
    end
  end
  if log.head then redis.call('ZREM', key, log.head) end
  added[#added + 1] = '-1'
  added[#added + 1] = string.format(
    'h %.0f %.0f %.0f %.0f', log.used, log.count, log.last, log.last_permits
  )
  redis.call('ZADD', key, unpack(added))
end
