-- One answer from the answers of the legs, in core's order: turned away, wrong period, short, done. All
-- legs change or none.
--
-- A step is { code } or { is_outside } or { missing } or
-- { leg, is_replayed, settled and reserved if the copy changes, overage, is_late }.
local function refusal(accounts, steps)
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
  if not answer then return nil end
  answer[2] = integer((#answer - 2) / 2)
  for _, account in ipairs(accounts) do add_copy(answer, copy_of(account)) end
  return answer
end

local function conclude(record, accounts, steps, before, detail)
  local refused = refusal(accounts, steps)
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
  return done_answer(facts, record, accounts, legs)
end
