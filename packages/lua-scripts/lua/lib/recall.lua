-- recall: account, lease, retire. Gives up what is not set aside, and with it the copy if nothing is open.
local function recall(words, at)
  local copy = copy_at(words[at])
  if not copy.head or lease_of(copy) ~= words[at + 1] then return copy_answer(nil) end
  local drawn, returned, starts, ends = standing_of(copy)
  local room = math.max(0, drawn - (returned + copy.settled + copy.reserved))
  set_lease(copy, words[at + 1], drawn, returned + room, starts, ends)
  copy.sequence = copy.sequence + 1
  local answer = copy_answer(copy)
  if words[at + 2] and not is_open(copy) then
    replace_copy(copy, absent_copy(copy.place))
  else
    touch(copy)
  end
  return answer
end
