-- apply: account, lease, drawn in total, elsewhere. The lease has drawn more.
local function apply(account, lease, drawn, elsewhere)
  local copy = copy_of(account)
  if not copy.is_here or copy.lease ~= lease then return copy_answer(nil) end
  copy.drawn = math.max(copy.drawn, tonumber(drawn))
  copy.elsewhere = elsewhere
  copy.is_lease_changed = true
  touch(copy)
  return copy_answer(copy)
end
