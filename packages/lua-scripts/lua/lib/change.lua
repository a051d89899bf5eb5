-- A command about one known reservation: `step(copy, leg)` on each of its legs.
local function change(id, step, detail)
  local kept = find(id)
  if not kept or #kept.accounts == 0 then return { 'unknown' } end
  local steps = {}
  for index, account in ipairs(kept.accounts) do
    steps[index] = step(copy_of(account), kept.legs[index])
  end
  return conclude(kept.record, kept.accounts, steps, kept.legs[1], detail)
end
