-- One answer from the answers of the legs, in core's order: turned away, wrong period, short, done. All
-- legs change or none.
--
-- A step is { code } or { is_outside } or { missing } or
-- { leg, is_replayed, settled and reserved if the copy changes, overage, is_late }.
--
-- `rates`, where limiters are concerned, is { hits, is_asked: they may refuse, finish }. `finish(leg,
-- is_replayed)` does what is to be done with them, last, and says whether the answer tells how they stand.
local function refusal(accounts, steps, rates)
  for _, step in ipairs(steps) do
    if step.code then return { 'rejected', step.code } end
  end
  for _, step in ipairs(steps) do
    if step.is_outside then return { 'period' } end
  end
  local answer
  for index, step in ipairs(steps) do
    if step.missing then
      answer = answer or { 'short', '' }
      answer[#answer + 1] = accounts[index]
      answer[#answer + 1] = integer(step.missing)
    end
  end
  local is_asked = rates and rates.is_asked
  local is_refused = is_asked and not limiters().ask_hits(rates.hits)
  if not answer and not is_refused then return nil end
  answer = answer or { 'short', '' }
  answer[2] = integer((#answer - 2) / 2) .. (is_asked and ' ' .. integer(#rates.hits) or '')
  for _, account in ipairs(accounts) do add_copy(answer, copy_of(account)) end
  if is_asked then limiters().add_rates(answer, rates.hits) end
  return answer
end

local function conclude(record, accounts, steps, before, detail, rates)
  local refused = refusal(accounts, steps, rates)
  if refused then return refused end
  local legs = {}
  local overage, is_late, is_replayed = 0, false, true
  for index, step in ipairs(steps) do
    legs[index] = step.leg
    overage = math.max(overage, step.overage or 0)
    is_late = is_late or step.is_late == true
    is_replayed = is_replayed and step.is_replayed == true
    if step.settled then put_sums(copy_of(accounts[index]), step.settled, step.reserved) end
  end
  local is_told = not is_replayed and keep(record, accounts, legs, before, detail)
  local late = flag(is_late)
  local facts = flag(is_replayed) .. ' ' .. integer(overage) .. ' ' .. late .. ' ' .. flag(is_told)
  local is_shown = rates and rates.finish(legs[1], is_replayed)
  if is_shown then facts = facts .. ' ' .. integer(#rates.hits) end
  local answer = done_answer(facts, record, accounts, legs)
  if is_shown then limiters().add_rates(answer, rates.hits) end
  return answer
end
