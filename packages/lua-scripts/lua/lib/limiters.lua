-- The parts of limiters that commands use, and whether a command needs them at all.
local made_limiters

local function limiters()
  made_limiters = made_limiters or make_limiters()
  return made_limiters
end

-- The slots that a reservation holds; nil if none. Turns the command back unless their keys are declared.
local function slots_held(record)
  return taken_by(record) ~= '' and limiters().slots_held(record) or nil
end
