-- install: account, ticket, lease, startAtMs, endAtMs, drawn, sequence, elsewhere. Begins a copy, if its
-- place is still kept with this ticket.
local function install(words, at)
  local account, ticket, lease = batch.accounts[words[at]], words[at + 1], words[at + 2]
  local current = copy_of(account)
  if current.is_here then return copy_answer(current.lease == lease and current) end
  if current.ticket ~= ticket then return copy_answer(nil) end
  local copy = absent_copy(account, current.key)
  copy.is_here = true
  copy.lease = lease
  copy.starts = words[at + 3]
  copy.ends = words[at + 4]
  copy.settled = 0
  copy.reserved = 0
  copy.sequence = words[at + 6]
  set_elsewhere(copy, words[at + 7])
  set_lease(copy, words[at + 5], 0)
  replace_copy(current, copy)
  return copy_answer(copy)
end
