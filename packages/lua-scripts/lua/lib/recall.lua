-- recall: account, lease, retire. Gives up what is not set aside, and with it the copy if nothing is open.
local function recall(words, at)
  local account = batch.accounts[words[at]]
  local copy = copy_of(account)
  if not copy.is_here or copy.lease ~= words[at + 1] then return copy_answer(nil) end
  local room = math.max(0, copy.drawn - (copy.returned + copy.settled + copy.reserved))
  set_lease(copy, copy.drawn, copy.returned + room)
  copy.sequence = copy.sequence + 1
  copy.sums = nil
  local answer = copy_answer(copy)
  if words[at + 2] and not is_open(copy) then
    replace_copy(copy, absent_copy(account, copy.key))
  else
    touch(copy)
  end
  return answer
end
