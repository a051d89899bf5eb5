-- A bucket that runs off evenly: core's `bucket.ts`. A level is `used` permits less `part` of `every` parts
-- of one.
local function run_off(used, part, elapsed, permits, every)
  local into = elapsed % every
  local quotient, rest = scaled(into, permits, every)
  local parts = rest + math.min(part, every - 1)
  local carry = parts >= every and 1 or 0
  local gone = (elapsed - into) / every * permits + quotient + carry
  if gone >= used then return 0, 0 end
  return used - gone, parts - carry * every
end

-- In how many milliseconds `wanted` permits of the level have run off.
local function ms_until_gone(part, wanted, permits, every)
  local within = wanted % permits
  local quotient, rest = scaled(within, every, permits)
  local more = rest > part and 1 or -math.floor((part - rest) / permits)
  return math.min((wanted - within) / permits * every + quotient + more, INSTANT_MAX)
end

-- Token bucket: { used, part, at }.
function MAKE.t()
  return {
    unpack = function(text)
      if #text ~= 25 then return nil end
      local used, part, at = unpack_from('<ddd', text, 2)
      if not are_amounts(used, part, at) then return nil end
      return { used = used, part = part, at = at }
    end,
    pack = function(state)
      return pack('<c1ddd', 't', state.used, state.part, state.at)
    end,
    at = function(policy, state)
      if not state then return { used = 0, part = 0, at = batch.now } end
      local at = math.max(state.at, batch.now)
      local used, part =
        run_off(state.used, state.part, at - state.at, policy.permits, policy.every)
      return { used = used, part = part, at = at }
    end,
    used = function(_, state) return state.used end,
    add = function(_, state, permits)
      state.used = sum_to_max(state.used, permits)
      return state
    end,
    give_back = function(_, state, permits)
      if permits >= state.used then state.part = 0 end
      state.used = math.max(0, state.used - permits)
      return state
    end,
    free_at = function(policy, state, excess)
      return state.at + ms_until_gone(state.part, excess, policy.permits, policy.every)
    end,
    ends_at = function(policy, state)
      return state.at + ms_until_gone(state.part, state.used, policy.permits, policy.every)
    end,
  }
end
