-- Decides one command, and adds its answer.
local function decide(kind, words, at, last)
  if kind == 'reserve' then
    if reserve_usual(words, at, last) then return end
  elseif kind == 'settle' then
    if on_known().settle(words, at, last) then return end
  elseif kind == 'extend' then
    if on_known().extend(words, at) then return end
  end
  local answer = (general().commands[kind] or general().rare().commands[kind])(words, at, last)
  batch.answer_count = batch.answer_count + 1
  batch.answers[batch.answer_count] = answer
end

-- Decides all, in order.
local function decide_all(words, command_count)
  local at = FIRST_COMMAND
  for _ = 1, command_count do
    local first, last, answer_count = at + HEAD_WORDS, at + 1 + words[at], batch.answer_count
    local is_decided, failure = pcall(decide, words[at + 1], words, first, last)
    if not is_decided then general().tell_failure(failure, answer_count) end
    at = last + 1
  end
end
