-- Limiters: reading, deciding and writing one. Core's `decide-limiter.ts`.
--
-- A limiter is { place, key, kind, state, ends_at, is_changed }. What its key holds of another way to count,
-- or what does not read back, counts as nothing in use, and is overwritten.
--
-- A hit is what a command takes from a limiter: { limiter, wanted }, its policy (`counting.lua`) with its way
-- of `counting`; the `state` at the present and how much of it is `used`, once it has been looked at; and how
-- it stands then, `view`.
local function limiter_at(place)
  local limiter = batch.limiters[place]
  if limiter then return limiter end
  local key = KEYS[before_limiters + place]
  limiter = { place = place, key = key, kind = nil, state = nil, is_changed = false }
  batch.limiters[place] = limiter
  return limiter
end

-- All that are texts, in their places, which are read at once.
local stored_texts = before_limiters < #KEYS and redis_call('MGET', unpack(KEYS, before_limiters + 1))

local function read_packed(limiter, kind, counting)
  local text = stored_texts[limiter.place]
  if not text or string_sub(text, 1, 1) ~= kind then return nil end
  return counting.unpack(text)
end

-- The state of a limiter as `kind` keeps it, or nil.
local function state_of(limiter, kind, counting)
  if limiter.kind == kind then return limiter.state end
  if limiter.is_changed then return nil end
  limiter.kind = kind
  if counting.read then
    limiter.state = counting.read(limiter.key)
  else
    limiter.state = read_packed(limiter, kind, counting)
  end
  return limiter.state
end

local function keep_limiter(limiter, kind, state, ends_at)
  limiter.kind, limiter.state, limiter.ends_at = kind, state, ends_at
  if limiter.is_changed then return end
  limiter.is_changed = true
  batch.changed_limiters[#batch.changed_limiters + 1] = limiter
end

-- Looks at how a hit's limiter is now.
local function look_at(hit)
  local counting = hit.counting
  hit.state = counting.at(hit, state_of(hit.limiter, hit.kind, counting))
  hit.used = counting.used(hit, hit.state)
end

local function fits(hit, permits)
  if hit.kind == 'c' and hit.state.count >= SLOT_HOLDERS_MAX then return false end
  return math.max(1, permits) <= hit.limit - hit.used
end

local function ends_at(hit)
  if hit.used == 0 then return batch.now end
  return math.min(hit.counting.ends_at(hit, hit.state), INSTANT_MAX)
end

-- When `permits` fit, -1 for never.
local function retry_at(hit, permits)
  if fits(hit, permits) then return batch.now end
  local wanted = math.max(1, permits)
  if wanted > hit.limit then return -1 end
  local room = hit.limit - hit.used
  return math.min(hit.counting.free_at(hit, hit.state, wanted - room), INSTANT_MAX)
end

-- How a limiter stands: its place; whether it admits, limit, used, reset and retry.
local function pack_view(hit, admits, ends, retry)
  return pack('<HBdddd', hit.limiter.place, admits and 1 or 0, hit.limit, hit.used, ends, retry)
end

-- Takes over the state that a hit leads to, and how that looks.
local function keep_hit(hit, state, retry)
  local used = hit.counting.used(hit, state)
  hit.state, hit.used = state, used
  local ends = ends_at(hit)
  if used == 0 then state = nil end
  keep_limiter(hit.limiter, hit.kind, state, ends)
  hit.view = pack_view(hit, true, ends, retry or retry_at(hit, 0))
end

-- Windows of many limiters end at the same instant.
local texts_of_ms = {}
local function text_of_ms(ms)
  local text = texts_of_ms[ms]
  if not text then
    text = integer(ms)
    texts_of_ms[ms] = text
  end
  return text
end

-- Writes what has changed. An expiry by the server's clock would be wrong under a clock that is given.
local function write_limiter(limiter)
  local key, state = limiter.key, limiter.state
  if not state then
    redis_call('DEL', key)
    return
  end
  local counting = counting_of(limiter.kind)
  if counting.write then
    if not state.key then redis_call('DEL', key) end
    counting.write(key, state)
  elseif batch.is_clock_given then
    redis_call('SET', key, counting.pack(state))
    return
  else
    redis_call('SET', key, counting.pack(state), 'PX', text_of_ms(math.max(1, limiter.ends_at - batch.now)))
    return
  end
  if batch.is_clock_given then return end
  redis_call('PEXPIRE', key, integer(math.max(1, limiter.ends_at - batch.now)))
end
