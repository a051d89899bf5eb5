-- GCRA: { tat, part }. Core's `gcra.ts`.
function MAKE.g()
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

  return {
    unpack = function(text)
      if #text ~= 17 then return nil end
      local tat, part = unpack_from('<dd', text, 2)
      if not (is_amount(tat) and is_amount(part)) then return nil end
      return { tat = tat, part = part }
    end,
    pack = function(state) return pack('<c1dd', 'g', state.tat, state.part) end,
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
end
