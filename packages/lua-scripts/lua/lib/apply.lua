-- apply: account, lease, drawn in total, elsewhere. The lease has drawn more.
local function apply(words, at)
  local copy = copy_of(batch.accounts[words[at]])
  if not copy.is_here or copy.lease ~= words[at + 1] then return copy_answer(nil) end
  set_lease(copy, math.max(copy.drawn, words[at + 2]), copy.returned)
  set_elsewhere(copy, words[at + 3])
  touch(copy)
  return copy_answer(copy)
end
