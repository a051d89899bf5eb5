-- What a whole command takes from its limiters: core's `reservation/rates.ts`.
--
-- A hit is { limiter, policy, permits, view }. What a reservation took is a line of its record:
-- `limiter permits kind`, with commas between; the kind is `c` for slots and `-` for the others.

-- The hits in `words` from `first` to `last`: limiter, policy and permits each.
local function parse_hits(words, first, last)
  local hits = {}
  for index = first, last, 3 do
    hits[#hits + 1] = {
      limiter = limiter_of(words[index]),
      policy = parse_policy(words[index + 1]),
      permits = words[index + 2],
    }
  end
  return hits
end

local function state_at(hit)
  return hit.policy.counting.at(hit.policy, state_of(hit.limiter, hit.policy.kind))
end

-- Looks at all of them. Returns whether all admit.
local function ask_hits(hits)
  local is_admitted = true
  for _, hit in ipairs(hits) do
    local policy, state, permits = hit.policy, state_at(hit), hit.permits
    local admits = fits(policy, state, permits)
    hit.view = limiter_view(policy, state, admits, retry_at(policy, state, permits))
    is_admitted = is_admitted and admits
  end
  return is_admitted
end

local function keep_hit(hit, state)
  local is_none = hit.policy.counting.used(hit.policy, state) == 0
  hit.limiter.ends_at = ends_at(hit.policy, state)
  if is_none then state = nil end
  keep_limiter(hit.limiter, hit.policy.kind, state)
end

-- Takes what `ask_hits` has admitted.
local function take_hits(hits, uuid, deadline)
  for _, hit in ipairs(hits) do
    if hit.permits > 0 then
      local state = hit.policy.counting.add(hit.policy, state_at(hit), hit.permits, uuid, deadline)
      hit.view = limiter_view(hit.policy, state, true, integer(batch.now))
      keep_hit(hit, state)
    end
  end
end

-- What a reservation took: { id, permits, is_slot } each.
local function taken_of(record)
  local taken = {}
  for part in string.gmatch(taken_by(record), '[^,]+') do
    local id, permits, kind = string.match(part, '^(%S+) (%d+) ([c-])$')
    if not id then fail('DAMAGED', 'what a reservation took does not read back') end
    taken[#taken + 1] = { id = id, permits = tonumber(permits), is_slot = kind == 'c' }
  end
  return taken
end

-- The limiters of which a reservation holds slots; nil if of none. Turns the command back unless all are
-- declared.
local function slots_held(record)
  local holding, undeclared = {}, {}
  for _, rate in ipairs(taken_of(record)) do
    if rate.is_slot and rate.permits > 0 then
      holding[#holding + 1] = rate
      if not batch.limiter_keys[rate.id] then undeclared[#undeclared + 1] = rate.id end
    end
  end
  if #undeclared > 0 then fail('LIMITERS', unpack(undeclared)) end
  return #holding > 0 and holding or nil
end

local function change_slots(holding, change_one)
  for _, rate in ipairs(holding) do
    local limiter = limiter_of(rate.id)
    local slots = COUNTING.c.at(nil, state_of(limiter, 'c'))
    if change_one(slots, rate) then
      limiter.ends_at = slots.last_at
      keep_limiter(limiter, 'c', slots.count > 0 and slots or nil)
    end
  end
end

local function free_slots(holding, uuid)
  change_slots(holding, function(slots) return drop_slot(slots, uuid) end)
end

local function extend_slots(holding, uuid, deadline)
  change_slots(holding, function(slots, rate) return hold_slot(slots, uuid, rate.permits, deadline) end)
end

-- Makes up the difference between what the reservation took and what it has taken in truth.
local function charge_hits(hits, record)
  local before = {}
  for _, rate in ipairs(taken_of(record)) do before[rate.id] = rate.permits end
  for _, hit in ipairs(hits) do
    local more = hit.permits - (before[hit.limiter.id] or 0)
    local state = state_at(hit)
    if more ~= 0 and hit.policy.kind ~= 'c' then
      local counting = hit.policy.counting
      if more > 0 then
        state = counting.add(hit.policy, state, more)
      else
        state = counting.give_back(hit.policy, state, -more, created_of(record))
      end
      keep_hit(hit, state)
    end
    hit.view = limiter_view(hit.policy, state, true, retry_at(hit.policy, state, 0))
  end
end

-- Limiter and view of each.
local function pack_rates(hits)
  local parts = {}
  for index, hit in ipairs(hits) do
    parts[index] = struct.pack('<Hc0Bc0', #hit.limiter.id, hit.limiter.id, #hit.view, hit.view)
  end
  return table.concat(parts)
end
