-- Commands that failed, and answers that nobody gets.

-- What answers that nobody gets have told of copies is not told.
local function untell()
  for _, copy in pairs(batch.copies) do copy.is_told = false end
end

-- The answer of a command that failed instead of what it may have told already.
local function tell_failure(failure, answer_count)
  -- What `fail` threw; anything else is a bug, and nothing has been written yet.
  if type(failure) ~= 'table' or failure.err then error(failure, 0) end
  untell()
  batch.answers[answer_count + 1] = text_answer(table.remove(failure, 1), failure)
  batch.answer_count = answer_count + 1
end
