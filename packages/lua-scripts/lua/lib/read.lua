-- read: account. The copy as it is.
local function read(account)
  local copy = copy_of(account)
  return copy_answer(copy.is_here and copy)
end
