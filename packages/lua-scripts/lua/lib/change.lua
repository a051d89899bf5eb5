-- A command about one known reservation: `step(copy, leg)` on each of its legs. `rates_of(record)` gives what
-- `conclude` is to do with limiters, if anything.
local function change(id, step, detail, rates_of)
  local kept = find(id)
  if not kept or #kept.accounts == 0 then return { 'unknown' } end
  local rates = rates_of and rates_of(kept.record)
  local steps = {}
  for index, account in ipairs(kept.accounts) do
    steps[index] = step(copy_of(account), kept.legs[index])
  end
  return conclude(kept.record, kept.accounts, steps, kept.legs[1], detail, rates)
end

-- What the end of a reservation does to limiters: frees its slots, charges `hits`, which may be nil.
local function rates_at_end(record, hits)
  local holding = slots_held(record)
  if not holding and not hits then return nil end
  return {
    hits = hits,
    finish = function(_, is_replayed)
      if is_replayed then return false end
      if holding then limiters().free_slots(holding, record.uuid) end
      if hits then limiters().charge_hits(hits, record) end
      return hits
    end,
  }
end
