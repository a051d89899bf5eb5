-- Answers: flat lists of strings, the status first. The driver's decode-answer.ts reads them.
local function flag(value)
  return value and '1' or '0'
end

-- Appends a copy: three words.
local function add_copy(answer, copy)
  local at = #answer
  answer[at + 1] = copy.account
  answer[at + 2] = copy_text(copy)
  answer[at + 3] = copy.elsewhere
end

local function copy_answer(copy)
  if not copy then return { 'none' } end
  return { 'copy', copy.account, copy_text(copy), copy.elsewhere }
end

-- A reservation as one word: `fingerprint createdAt state amount spent deadline dispatched journaled`. Its
-- amounts are the largest of its legs', the rest is the first one's.
local function found_text(record, legs)
  local first = legs[1]
  local text = first and leg_text(first) or '0 0 0 0 0'
  local amount, spent = 0, 0
  for _, leg in ipairs(legs) do
    amount = math.max(amount, leg.amount)
    spent = math.max(spent, leg.spent)
  end
  if first and (amount ~= first.amount or spent ~= first.spent) then
    local shown = leg_with(first, first.state, spent)
    shown.amount = amount
    text = leg_text(shown)
  end
  local state = first and first.state or 'r'
  return record.fingerprint .. ' ' .. record.created .. ' ' .. state .. ' ' .. text
end

local function found_answer(record, accounts, legs)
  local answer = { 'found', found_text(record, legs), record.terms }
  for index, account in ipairs(accounts) do
    answer[#answer + 1] = account
    answer[#answer + 1] = legs[index].lease
  end
  return answer
end

-- `done`, its four facts, the reservation, its terms, and the copies of its accounts.
local function done_answer(facts, record, accounts, legs)
  local answer = { 'done', facts, found_text(record, legs), record.terms }
  for _, account in ipairs(accounts) do add_copy(answer, copy_of(account)) end
  return answer
end
