-- recall: account, lease, retire. Gives up what is not set aside, and with it the copy if nothing is open.
local function recall(account, lease, retire)
  local copy = copy_of(account)
  if not copy.is_here or copy.lease ~= lease then return copy_answer(nil) end
  local room = math.max(0, copy.drawn - (copy.returned + copy.settled + copy.reserved))
  set_lease(copy, copy.drawn, copy.returned + room)
  copy.sequence = copy.sequence + 1
  local answer = copy_answer(copy)
  if retire == '1' and not is_open(copy) then
    replace_copy(copy, absent_copy(account, copy.key))
  else
    touch(copy)
  end
  return answer
end
