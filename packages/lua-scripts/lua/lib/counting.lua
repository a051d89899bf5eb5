-- Ways to count whose state is one word, by the letter of their algorithm: core's `limiter/*.ts`.
--
-- A policy is { kind, limit, window, permits, every }. `at` gives the state at the present, and the others
-- work on that; none looks at whether something fits. In Redis the state is the letter and its numbers.
local COUNTING = {}

-- Token bucket: { used, part, at }.
COUNTING.t = {
  fields = { 'used', 'part', 'at' },
  at = function(policy, state)
    if not state then return { used = 0, part = 0, at = batch.now } end
    local at = math.max(state.at, batch.now)
    local used, part =
      run_off(state.used, state.part, at - state.at, policy.permits, policy.every)
    return { used = used, part = part, at = at }
  end,
  used = function(_, state) return state.used end,
  add = function(_, state, permits)
    return { used = sum_to_max(state.used, permits), part = state.part, at = state.at }
  end,
  give_back = function(_, state, permits)
    if permits >= state.used then return { used = 0, part = 0, at = state.at } end
    return { used = state.used - permits, part = state.part, at = state.at }
  end,
  free_at = function(policy, state, excess)
    return state.at + ms_until_gone(state.part, excess, policy.permits, policy.every)
  end,
  ends_at = function(policy, state)
    return state.at + ms_until_gone(state.part, state.used, policy.permits, policy.every)
  end,
}

-- What a bucket would hold that is full again at a GCRA's instant: used and part.
local function gcra_level(policy, state)
  local to_go = state.tat - batch.now
  local into = to_go % policy.every
  local quotient, rest = scaled(into, policy.permits, policy.every)
  local part_rest = state.part % policy.every
  local parts = rest + part_rest
  local carry = parts >= policy.every and 1 or 0
  local left = parts - carry * policy.every
  local more = quotient + (state.part - part_rest) / policy.every + carry + (left > 0 and 1 or 0)
  local used = sum_to_max((to_go - into) / policy.every * policy.permits, more)
  return used, left > 0 and policy.every - left or 0
end

-- How far `permits` move a GCRA's instant: whole milliseconds and a part of one.
local function gcra_spacing(policy, permits)
  local within = permits % policy.permits
  local quotient, rest = scaled(within, policy.every, policy.permits)
  return (permits - within) / policy.permits * policy.every + quotient, rest
end

-- GCRA: { tat, part }.
COUNTING.g = {
  fields = { 'tat', 'part' },
  at = function(policy, state)
    if not state or state.tat < batch.now then return { tat = batch.now, part = 0 } end
    return { tat = state.tat, part = math.min(state.part, policy.permits - 1) }
  end,
  used = function(policy, state) return (gcra_level(policy, state)) end,
  add = function(policy, state, permits)
    local whole, part = gcra_spacing(policy, permits)
    local is_carried = state.part >= policy.permits - part
    local tat = state.tat + whole + (is_carried and 1 or 0)
    if tat >= INSTANT_MAX then return { tat = INSTANT_MAX, part = 0 } end
    if is_carried then return { tat = tat, part = state.part - (policy.permits - part) } end
    return { tat = tat, part = state.part + part }
  end,
  give_back = function(policy, state, permits)
    local whole, part = gcra_spacing(policy, permits)
    local is_borrowed = state.part < part
    local tat = state.tat - whole - (is_borrowed and 1 or 0)
    if tat < batch.now then return { tat = batch.now, part = 0 } end
    if is_borrowed then return { tat = tat, part = state.part + (policy.permits - part) } end
    return { tat = tat, part = state.part - part }
  end,
  free_at = function(policy, state, excess)
    local _, part = gcra_level(policy, state)
    return batch.now + ms_until_gone(part, excess, policy.permits, policy.every)
  end,
  ends_at = function(_, state) return state.tat + (state.part > 0 and 1 or 0) end,
}

-- Fixed window: { starts, used }.
COUNTING.f = {
  fields = { 'starts', 'used' },
  at = function(policy, state)
    local now = math.max(state and state.starts or 0, batch.now)
    local starts = now - now % policy.window
    return { starts = starts, used = state and state.starts >= starts and state.used or 0 }
  end,
  used = function(_, state) return state.used end,
  add = function(_, state, permits)
    return { starts = state.starts, used = sum_to_max(state.used, permits) }
  end,
  give_back = function(_, state, permits, taken_at)
    if taken_at < state.starts then return state end
    return { starts = state.starts, used = math.max(0, state.used - permits) }
  end,
  free_at = function(policy, state) return state.starts + policy.window end,
  ends_at = function(policy, state) return state.starts + policy.window end,
}
