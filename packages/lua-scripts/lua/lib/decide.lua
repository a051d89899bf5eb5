-- Decides one command: returns its answer, in one text or several.
local function decide(kind, words, at, last)
  local answer, head, elsewhere
  if kind == 'reserve' then
    answer, head, elsewhere = try_reserve(words, at, last)
  elseif kind == 'settle' then
    answer, head, elsewhere = try_settle(words, at, last)
  end
  if answer then return answer, head, elsewhere end
  return (general().commands[kind] or general().rare().commands[kind])(words, at, last)
end

-- Decides all, in order. Returns their answers, after a place for what comes first in the reply.
local function decide_all(words, command_count)
  local answers, size, at = {}, 1, FIRST_COMMAND
  for _ = 1, command_count do
    local first, last = at + HEAD_WORDS, at + 1 + words[at]
    local is_decided, answer, head, elsewhere = pcall(decide, words[at + 1], words, first, last)
    if not is_decided then
      -- What `fail` threw; anything else is a bug, and nothing has been written yet.
      if type(answer) ~= 'table' or answer.err then error(answer, 0) end
      answer = general().text_answer(table.remove(answer, 1), answer)
    end
    size = size + 1
    answers[size] = answer
    if head then
      answers[size + 1], answers[size + 2] = head, elsewhere
      size = size + 2
    end
    at = last + 1
  end
  return answers
end
