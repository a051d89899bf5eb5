-- One answer from the answers of the legs, in core's order: turned away, wrong period, short, done. All
-- legs change or none.
--
-- A step is { code } or { is_outside } or { missing } or
-- { leg, is_replayed, settled and reserved if the copy changes, overage, is_late }.
--
-- `rates`, where limiters are concerned, is { hits, is_asked: they may refuse, finish }. `finish(leg,
-- is_replayed)` does what is to be done with them, last, and says whether the answer tells how they stand.
local function short_answer(accounts, steps, hits)
  local parts, count = {}, 0
  for index, step in ipairs(steps) do
    if step.missing then
      count = count + 1
      parts[count] = pack('<Hd', place_of(accounts[index]), step.missing)
    end
  end
  return ANSWER.short
    .. string_char(count, hits and #hits or 0, #accounts)
    .. table.concat(parts)
    .. pack_copies(accounts)
    .. (hits and limiters().pack_hits(hits) or '')
end

local function refusal(accounts, steps, rates)
  local is_outside, is_short = false, false
  for _, step in ipairs(steps) do
    if step.code then return text_answer('rejected', { step.code }) end
    is_outside = is_outside or step.is_outside
    is_short = is_short or step.missing
  end
  if is_outside then return ANSWER.period end
  local is_asked = rates and rates.is_asked
  local is_refused = is_asked and not limiters().ask_hits(rates.hits)
  if not is_short and not is_refused then return nil end
  return short_answer(accounts, steps, is_asked and rates.hits)
end

local function conclude(record, accounts, steps, before, detail, rates, is_made_known)
  local refused = refusal(accounts, steps, rates)
  if refused then return refused end
  local legs = {}
  local overage, is_late, is_replayed = 0, false, true
  for index, step in ipairs(steps) do
    legs[index] = step.leg
    if step.overage and step.overage > overage then overage = step.overage end
    is_late = is_late or step.is_late
    is_replayed = is_replayed and step.is_replayed
    if step.settled then put_sums(copy_of(accounts[index]), step.settled, step.reserved) end
  end
  local is_told = not is_replayed and keep(record, accounts, legs, before, detail)
  local is_shown = rates and rates.finish(legs[1], is_replayed)
  local flags = (is_replayed and 1 or 0) + (is_late and 2 or 0) + (is_told and 4 or 0)
  local shown = is_shown and rates.hits or nil
  return done_answer(flags, overage, record, accounts, legs, is_made_known, shown)
end
