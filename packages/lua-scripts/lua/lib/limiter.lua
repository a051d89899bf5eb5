-- Limiters: reading, deciding and writing one. Core's `decide-limiter.ts`.
--
-- A limiter is { id, key, kind, state, ends_at, is_changed }. What its key holds of another way to count, or
-- what does not read back, counts as nothing in use, and is overwritten.
local function limiter_of(id)
  local limiter = batch.limiters[id]
  if limiter then return limiter end
  local key = batch.limiter_keys[id]
  if not key then fail('LIMITERS', id) end
  limiter = { id = id, key = key }
  batch.limiters[id] = limiter
  return limiter
end

local function read_word(key, kind)
  local text = redis.pcall('GET', key)
  if type(text) ~= 'string' or string.sub(text, 1, 1) ~= kind then return nil end
  local fields, state, index = COUNTING[kind].fields, {}, 0
  for number in string.gmatch(text, '%d+') do
    index = index + 1
    if index <= #fields then state[fields[index]] = tonumber(number) end
  end
  return index == #fields and state or nil
end

-- The state of a limiter as `kind` keeps it, or nil.
local function state_of(limiter, kind)
  if limiter.kind == kind then return limiter.state end
  if limiter.is_changed then return nil end
  local read = kind == 'l' and read_log or kind == 'c' and read_slots or read_word
  limiter.kind = kind
  limiter.state = read(limiter.key, kind)
  return limiter.state
end

local function keep_limiter(limiter, kind, state)
  limiter.kind, limiter.state = kind, state
  if limiter.is_changed then return end
  limiter.is_changed = true
  batch.changed_limiters[#batch.changed_limiters + 1] = limiter
end

-- `kind limit`, and of the ones with a rate `permits every`, of the others with a window `window`.
local function parse_policy(word)
  local kind, limit, first, second = string.match(word, '^([tgfslc]) (%d+) ?([0-9]*) ?([0-9]*)$')
  if not kind then fail('DAMAGED', 'a limiter without a policy') end
  local policy = { kind = kind, limit = tonumber(limit), counting = COUNTING[kind] }
  if kind == 't' or kind == 'g' then
    policy.permits, policy.every = tonumber(first), tonumber(second)
  else
    policy.window = tonumber(first)
  end
  return policy
end

local function fits(policy, state, permits)
  if policy.kind == 'c' and state.count >= SLOT_HOLDERS_MAX then return false end
  return math.max(1, permits) <= policy.limit - policy.counting.used(policy, state)
end

local function ends_at(policy, state)
  if policy.counting.used(policy, state) == 0 then return batch.now end
  return math.min(policy.counting.ends_at(policy, state), INSTANT_MAX)
end

-- When `permits` fit, `-` for never.
local function retry_at(policy, state, permits)
  if fits(policy, state, permits) then return integer(batch.now) end
  local wanted = math.max(1, permits)
  if wanted > policy.limit then return '-' end
  local room = policy.limit - policy.counting.used(policy, state)
  return integer(math.min(policy.counting.free_at(policy, state, wanted - room), INSTANT_MAX))
end

-- How `state` looks, as one word: `admits limit used reset retry`.
local function limiter_view(policy, state, admits, retry)
  local used = policy.counting.used(policy, state)
  return string.format(
    '%s %.0f %.0f %.0f %s', admits and '1' or '0', policy.limit, used, ends_at(policy, state), retry
  )
end

-- Writes what has changed. An expiry by the server's clock would be wrong under a clock that is given.
local function write_limiter(limiter)
  local key, kind, state = limiter.key, limiter.kind, limiter.state
  if not state then
    redis.call('DEL', key)
    return
  end
  if kind == 'l' or kind == 'c' then
    if not state.key then redis.call('DEL', key) end
    local write = kind == 'l' and write_log or write_slots
    write(key, state)
  else
    local words = { kind }
    for index, field in ipairs(COUNTING[kind].fields) do words[index + 1] = integer(state[field]) end
    redis.call('SET', key, table.concat(words, ' '))
  end
  if batch.is_clock_given then return end
  redis.call('PEXPIRE', key, integer(math.max(1, limiter.ends_at - batch.now)))
end
