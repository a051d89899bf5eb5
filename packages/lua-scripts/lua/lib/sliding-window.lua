-- Sliding window counter: { starts, used, before }. Core's `sliding-window-counter.ts`.
function MAKE.s()
  -- What the window that ends now still has of the window before; rounded up.
  local function still_of_before(policy, state)
    local covered = math.min(policy.window, state.starts + policy.window - batch.now)
    local quotient, rest = scaled(covered, state.before, policy.window)
    return quotient + (rest > 0 and 1 or 0)
  end

  -- When at most `left` of `count`, which fades evenly until `ends`, is still counted.
  local function when_down_to(left, count, ends, window)
    if left >= count then return ends - window end
    return ends - (scaled(left, window, count))
  end

  return {
    unpack = function(text)
      if #text ~= 25 then return nil end
      local starts, used, before = unpack_from('<ddd', text, 2)
      if not are_amounts(starts, used, before) then return nil end
      return { starts = starts, used = used, before = before }
    end,
    pack = function(state)
      return pack('<c1ddd', 's', state.starts, state.used, state.before)
    end,
    at = function(policy, state)
      local now = math.max(state and state.starts or 0, batch.now)
      local starts = now - now % policy.window
      if state and state.starts >= starts then
        return { starts = starts, used = state.used, before = state.before }
      end
      local is_next = state and state.starts >= starts - policy.window
      return { starts = starts, used = 0, before = is_next and state.used or 0 }
    end,
    used = function(policy, state) return sum_to_max(state.used, still_of_before(policy, state)) end,
    add = function(_, state, permits)
      state.used = sum_to_max(state.used, permits)
      return state
    end,
    give_back = function(policy, state, permits, taken_at)
      if taken_at >= state.starts then
        state.used = math.max(0, state.used - permits)
      elseif taken_at >= state.starts - policy.window then
        state.before = math.max(0, state.before - permits)
      end
      return state
    end,
    free_at = function(policy, state, excess)
      local left = sum_to_max(state.used, still_of_before(policy, state)) - excess
      local ends = state.starts + policy.window
      if left >= state.used then
        return when_down_to(left - state.used, state.before, ends, policy.window)
      end
      return when_down_to(left, state.used, ends + policy.window, policy.window)
    end,
    ends_at = function(policy, state)
      return state.starts + (state.used > 0 and 2 or 1) * policy.window
    end,
  }
end
