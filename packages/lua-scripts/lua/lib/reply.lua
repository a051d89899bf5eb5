-- Answers: flat lists of strings, the status first. The driver's decode-answer.ts reads them.
local function flag(value)
  return value and '1' or '0'
end

-- Appends a copy: ten strings.
local function add_copy(answer, copy)
  local at = #answer
  answer[at + 1] = copy.account
  answer[at + 2] = copy.lease
  answer[at + 3] = integer(copy.starts)
  answer[at + 4] = integer(copy.ends)
  answer[at + 5] = integer(copy.drawn)
  answer[at + 6] = integer(copy.returned)
  answer[at + 7] = integer(copy.settled)
  answer[at + 8] = integer(copy.reserved)
  answer[at + 9] = integer(copy.sequence)
  answer[at + 10] = copy.elsewhere
end

local function copy_answer(copy)
  if not copy then return { 'none' } end
  local answer = { 'copy' }
  add_copy(answer, copy)
  return answer
end

-- Appends a reservation: nine strings, and two for each of its accounts.
local function add_found(answer, record, accounts, legs)
  local first = legs[1]
  local amount, spent = 0, 0
  for _, leg in ipairs(legs) do
    amount = math.max(amount, leg.amount)
    spent = math.max(spent, leg.spent)
  end
  local at = #answer
  answer[at + 1] = record.fingerprint
  answer[at + 2] = record.created
  answer[at + 3] = record.terms
  answer[at + 4] = first and first.state or 'r'
  answer[at + 5] = integer(amount)
  answer[at + 6] = integer(spent)
  answer[at + 7] = integer(first and first.deadline or 0)
  answer[at + 8] = flag(first and first.is_dispatched)
  answer[at + 9] = integer(#accounts)
  for index, account in ipairs(accounts) do
    answer[at + 8 + 2 * index] = account
    answer[at + 9 + 2 * index] = legs[index].lease
  end
end

local function found_answer(record, accounts, legs)
  local answer = { 'found' }
  add_found(answer, record, accounts, legs)
  return answer
end
