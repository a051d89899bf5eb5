-- apply: account, lease, drawn in total, elsewhere. The lease has drawn more.
local function apply(account, lease, drawn, elsewhere)
  local copy = copy_of(account)
  if not copy.is_here or copy.lease ~= lease then return copy_answer(nil) end
  set_lease(copy, math.max(copy.drawn, tonumber(drawn)), copy.returned)
  copy.elsewhere = elsewhere
  copy.is_elsewhere_changed = true
  touch(copy)
  return copy_answer(copy)
end
