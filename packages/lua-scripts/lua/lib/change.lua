-- A command about one known reservation: `step(copy, leg, words, at)` on each of its legs. `rates`, which may
-- be nil, is what `conclude` is to do with limiters.
local function change(kept, step, words, at, detail, rates)
  local steps = {}
  for index, account in ipairs(kept.accounts) do
    steps[index] = step(batch.copies[account], kept.legs[index], words, at)
  end
  return conclude(kept.record, kept.accounts, steps, kept.legs[1], detail, rates)
end

-- The reservation `id`, or nil when there is nothing here that could change.
local function changeable(id)
  local kept = find(id)
  return kept and #kept.accounts > 0 and kept or nil
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
