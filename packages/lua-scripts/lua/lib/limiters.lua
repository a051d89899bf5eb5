-- What limiters need, made when a command first does.
local made_limiters

local function limiters()
  made_limiters = made_limiters or make_limiters()
  return made_limiters
end
