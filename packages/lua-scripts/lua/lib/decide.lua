-- Decides one command, and adds its answer.
local function decide(kind, words, at, last)
  if kind == 'reserve' then
    if reserve_usual(words, at, last) then return end
  elseif kind == 'settle' then
    if settle_usual(words, at, last) then return end
  elseif kind == 'extend' then
    if extend_usual(words, at) then return end
  end
  local answer = (general().commands[kind] or general().rare().commands[kind])(words, at, last)
  batch.answer_count = batch.answer_count + 1
  batch.answers[batch.answer_count] = answer
end

-- The answer of a command that failed instead of what it may have told already.
local function tell_failure(failure, answer_count)
  -- What `fail` threw; anything else is a bug, and nothing has been written yet.
  if type(failure) ~= 'table' or failure.err then error(failure, 0) end
  untell()
  batch.answers[answer_count + 1] = general().text_answer(table.remove(failure, 1), failure)
  batch.answer_count = answer_count + 1
end

-- Decides all, in order.
local function decide_all(words, command_count)
  local at = FIRST_COMMAND
  for _ = 1, command_count do
    local first, last, answer_count = at + HEAD_WORDS, at + 1 + words[at], batch.answer_count
    local is_decided, failure = pcall(decide, words[at + 1], words, first, last)
    if not is_decided then tell_failure(failure, answer_count) end
    at = last + 1
  end
end
