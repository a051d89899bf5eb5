-- settle: id, created, cost in total, final, detail, an account that the reservation is probably on (0 for
-- none), then limiter, policy and permits of each charge. Books on open, released and expired legs, compares
-- on settled. `settle-on-one.lua` has what most of them are.
local function settle_leg(copy, leg, words, at)
  local cost, is_final = words[at + 2], words[at + 3]
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
  local record, accounts, legs = find(words[at])
  if not (record and legs[1]) then return ANSWER.unknown end
  local rates
  if words[at + 3] then
    local hits = at + 6 <= last and limiters().parse_hits(words, at + 6, last) or nil
    rates = rates_at_end(record, hits)
  end
  return change(record, accounts, legs, words[at + 1], settle_leg, words, at, words[at + 4], rates)
end
