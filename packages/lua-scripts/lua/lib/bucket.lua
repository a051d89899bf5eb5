-- A bucket that runs off evenly: core's `bucket.ts`. A level is `used` permits less `part` of `every` parts
-- of one.
local function run_off(used, part, elapsed, permits, every)
  local into = elapsed % every
  local quotient, rest = scaled(into, permits, every)
  local parts = rest + math.min(part, every - 1)
  local carry = parts >= every and 1 or 0
  local gone = (elapsed - into) / every * permits + quotient + carry
  if gone >= used then return 0, 0 end
  return used - gone, parts - carry * every
end

-- In how many milliseconds `wanted` permits of the level have run off.
local function ms_until_gone(part, wanted, permits, every)
  local within = wanted % permits
  local quotient, rest = scaled(within, every, permits)
  local more = rest > part and 1 or -math.floor((part - rest) / permits)
  return math.min((wanted - within) / permits * every + quotient + more, INSTANT_MAX)
end
