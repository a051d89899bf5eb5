-- install: account, ticket, lease, startAtMs, endAtMs, drawn, sequence, elsewhere. Begins a copy, if its
-- place is still kept with this ticket.
local function install(words, at)
  local current, ticket, lease = copy_at(words[at]), words[at + 1], words[at + 2]
  if current.head then return copy_answer(lease_of(current) == lease and current) end
  if current.ticket ~= ticket then return copy_answer(nil) end
  local copy = absent_copy(current.place)
  copy.settled = 0
  copy.reserved = 0
  copy.sequence = words[at + 6]
  set_elsewhere(copy, words[at + 7])
  set_lease(copy, lease, words[at + 5], 0, words[at + 3], words[at + 4])
  replace_copy(current, copy)
  return copy_answer(copy)
end
