-- find: id. The reservation as it is.
local function look_up(words, at)
  local kept = find(words[at])
  if not kept then return ANSWER.unknown end
  return found_answer(kept.record, kept.accounts, kept.legs)
end
