-- apply: account, lease, drawn in total, elsewhere. The lease has drawn more.
local function apply(words, at)
  local copy, lease = copy_at(words[at]), words[at + 1]
  if not copy.head or lease_of(copy) ~= lease then return copy_answer(nil) end
  local drawn, returned, starts, ends = standing_of(copy)
  set_lease(copy, lease, math.max(drawn, words[at + 2]), returned, starts, ends)
  set_elsewhere(copy, words[at + 3])
  touch(copy)
  return copy_answer(copy)
end
