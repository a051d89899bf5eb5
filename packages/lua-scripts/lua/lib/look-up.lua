-- find: id. The reservation as it is.
local function look_up(id)
  local kept = find(id)
  if not kept then return { 'unknown' } end
  return found_answer(kept.record, kept.accounts, kept.legs)
end
