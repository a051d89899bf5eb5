-- The slots that reservations hold, as the lines of their records say (`rates.lua`).
local made_slots
local function make_slots()
  -- What a reservation took: { id, permits, is_slot } each, from the line of its record.
  local function parse_taken(line)
    local taken = {}
    for part in string.gmatch(line, '[^,]+') do
      local id, permits, kind = string.match(part, '^(%S+) (%d+) ([c-])$')
      if not id then fail('DAMAGED', 'what a reservation took does not read back') end
      taken[#taken + 1] = { id = id, permits = tonumber(permits), is_slot = kind == 'c' }
    end
    return taken
  end

  -- The limiters of which a reservation holds slots; nil if of none. Turns the command back unless all are
  -- declared.
  local function held_by(line)
    local holding, undeclared, places = {}, {}, {}
    for index = before_limiters + 1, #KEYS do
      places[string_sub(KEYS[index], limiter_from)] = index - before_limiters
    end
    for _, rate in ipairs(parse_taken(line)) do
      if rate.is_slot and rate.permits > 0 then
        rate.place = places[rate.id]
        holding[#holding + 1] = rate
        if not rate.place then undeclared[#undeclared + 1] = rate.id end
      end
    end
    if #undeclared > 0 then fail('LIMITERS', unpack(undeclared)) end
    return #holding > 0 and holding or nil
  end

  local function change_slots(holding, change_one)
    for _, rate in ipairs(holding) do
      local limiter, counting = limiter_at(rate.place), counting_of('c')
      local slots = counting.at(nil, state_of(limiter, 'c', counting))
      if change_one(slots, rate) then
        keep_limiter(limiter, 'c', slots.count > 0 and slots or nil, slots.last_at)
      end
    end
  end

  local function free_slots(holding, uuid)
    change_slots(holding, function(slots) return counting_of('c').drop(slots, uuid) end)
  end

  local function extend_slots(holding, uuid, deadline)
    change_slots(holding, function(slots, rate)
      return counting_of('c').hold(slots, uuid, rate.permits, deadline)
    end)
  end

  return { held_by = held_by, free = free_slots, extend = extend_slots }
end

local function held_slots()
  made_slots = made_slots or make_slots()
  return made_slots
end
