-- settle: id, cost in total, final, detail, then limiter, policy and permits of each charge. Books on open,
-- released and expired legs, compares on settled.
local function settle_leg(copy, leg, words, at)
  local cost, is_final = words[at + 1], words[at + 2]
  if leg.state == 's' then
    local agrees = cost == leg.spent or (not is_final and cost < leg.spent)
    if agrees then return { leg = leg, is_replayed = true } end
    return { code = 'reservation_already_settled' }
  end
  if is_final then return end_leg(copy, leg, 's', cost, true) end
  if cost <= leg.spent then return { leg = leg, is_replayed = true } end
  return end_leg(copy, leg, leg.state, cost, true)
end

local function settle(words, at, last)
  local kept = changeable(words[at])
  if not kept then return ANSWER.unknown end
  local rates
  if words[at + 2] then
    local hits = at + 4 <= last and limiters().parse_hits(words, at + 4, last) or nil
    rates = rates_at_end(kept.record, hits)
  end
  return change(kept, settle_leg, words, at, words[at + 3], rates)
end
