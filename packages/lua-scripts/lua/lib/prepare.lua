-- prepare: account, above. Keeps the place of a missing copy for one caller at a time.
local function prepare(words, at)
  local copy = copy_at(words[at])
  if copy.head then return copy_answer(copy) end
  local above = words[at + 1]
  if copy.ticket and above < copy.ticket and batch.now < copy.placed + PLACE_MS then
    return number_answer('busy', copy.placed + PLACE_MS - batch.now)
  end
  copy.ticket = math.max(copy.ticket or 0, above) + 1
  copy.placed = batch.now
  touch(copy)
  return number_answer('prepared', copy.ticket)
end
