-- find: id. The reservation as it is.
local function look_up(words, at)
  local record, accounts, legs = find(words[at])
  if not record then return ANSWER.unknown end
  return found_answer(record, accounts, legs)
end
