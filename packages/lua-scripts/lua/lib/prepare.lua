-- prepare: account, above. Keeps the place of a missing copy for one caller at a time.
local function prepare(account, above_ticket)
  local copy = copy_of(account)
  if copy.is_here then return copy_answer(copy) end
  local above = tonumber(above_ticket)
  if copy.ticket and above < copy.ticket and batch.now < copy.placed + PLACE_MS then
    return { 'busy', integer(copy.placed + PLACE_MS - batch.now) }
  end
  copy.ticket = math.max(copy.ticket or 0, above) + 1
  copy.placed = batch.now
  touch(copy)
  return { 'prepared', integer(copy.ticket) }
end
