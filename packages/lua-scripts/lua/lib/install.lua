-- install: account, ticket, lease, startAtMs, endAtMs, drawn, sequence, elsewhere. Begins a copy, if its
-- place is still kept with this ticket.
local function install(account, ticket, lease, starts, ends, drawn, sequence, elsewhere)
  local current = copy_of(account)
  if current.is_here then return copy_answer(current.lease == lease and current) end
  if current.ticket ~= tonumber(ticket) then return copy_answer(nil) end
  local copy = absent_copy(account, current.key)
  copy.is_here = true
  copy.lease = lease
  copy.starts = starts
  copy.ends = ends
  copy.settled = 0
  copy.reserved = 0
  copy.sequence = tonumber(sequence)
  copy.elsewhere = elsewhere
  set_lease(copy, tonumber(drawn), 0)
  replace_copy(current, copy)
  return copy_answer(copy)
end
