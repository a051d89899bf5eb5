-- settle, with the words of `settle-usual.lua`, which has what most of them are. Books on open, released and
-- expired legs, compares on settled.
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
    local first = at + 6 + words[at + 5]
    local hits = first <= last and limiters().parse_hits(words, first, last) or nil
    rates = rates_at_end(record, hits)
  end
  return change(record, accounts, legs, words[at + 1], settle_leg, words, at, words[at + 4], rates)
end
