-- settle: id, cost in total, final, detail, then limiter, policy and permits of each charge. Books on open,
-- released and expired legs, compares on settled.
local function settle(id, total, final, detail, ...)
  local cost = tonumber(total)
  local is_final = final == '1'
  local words = select('#', ...) > 0 and { ... }
  local function rates_of(record)
    return rates_at_end(record, words and limiters().parse_hits(words, 1))
  end
  return change(id, function(copy, leg)
    if leg.state == 's' then
      local agrees = cost == leg.spent or (not is_final and cost < leg.spent)
      if agrees then return { leg = leg, is_replayed = true } end
      return { code = 'reservation_already_settled' }
    end
    if is_final then return end_leg(copy, leg, 's', cost, true) end
    if cost <= leg.spent then return { leg = leg, is_replayed = true } end
    return end_leg(copy, leg, leg.state, cost, true)
  end, detail, is_final and rates_of)
end
