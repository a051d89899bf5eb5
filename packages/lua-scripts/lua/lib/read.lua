-- read: account. The copy as it is.
local function read(words, at)
  local copy = copy_at(words[at])
  return copy_answer(copy.head and copy)
end
