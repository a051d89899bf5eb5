-- A command about one reservation that is known: `step(copy, leg, words, at)` on each of its legs. `created`
-- is the instant of its making if the driver knows the rest, `rates` what `conclude` is to do with limiters,
-- or nil.
local function change(record, accounts, legs, created, step, words, at, detail, rates)
  local steps = {}
  for index, account in ipairs(accounts) do
    steps[index] = step(copy_of(account), legs[index], words, at)
  end
  local is_made_known = created == created_of(record)
  return conclude(record, accounts, steps, legs[1], detail, rates, is_made_known)
end

-- The slots that a reservation holds; nil if none. Turns the command back unless their keys are declared.
local function slots_held(record)
  local taken = taken_by(record)
  -- No id has a blank in it.
  return string.find(taken, ' c', 1, true) and limiters().slots().held_by(taken) or nil
end

-- What the end of a reservation does to limiters: frees its slots, charges `hits`, which may be nil.
local function rates_at_end(record, hits)
  local holding = slots_held(record)
  if not holding and not hits then return nil end
  return {
    hits = hits,
    finish = function(_, is_replayed)
      if is_replayed then return false end
      if holding then limiters().slots().free(holding, record.uuid) end
      if hits then limiters().charge_hits(hits, record.made, record.list_end + 1) end
      return hits
    end,
  }
end
