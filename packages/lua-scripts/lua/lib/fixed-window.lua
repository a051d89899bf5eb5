-- Fixed window: { starts, used }. Core's `fixed-window.ts`.
function MAKE.f()
  return {
    unpack = function(text)
      if #text ~= 17 then return nil end
      local starts, used = unpack_from('<dd', text, 2)
      if not (is_amount(starts) and is_amount(used)) then return nil end
      return { starts = starts, used = used }
    end,
    pack = function(state) return pack('<c1dd', 'f', state.starts, state.used) end,
    at = function(policy, state)
      local now = math.max(state and state.starts or 0, batch.now)
      local starts = now - now % policy.window
      return { starts = starts, used = state and state.starts >= starts and state.used or 0 }
    end,
    used = function(_, state) return state.used end,
    add = function(_, state, permits)
      state.used = sum_to_max(state.used, permits)
      return state
    end,
    give_back = function(_, state, permits, taken_at)
      if taken_at >= state.starts then state.used = math.max(0, state.used - permits) end
      return state
    end,
    free_at = function(policy, state) return state.starts + policy.window end,
    ends_at = function(policy, state) return state.starts + policy.window end,
  }
end
