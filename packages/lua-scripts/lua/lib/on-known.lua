-- What usual commands do to open reservations, made when one does.
local made_known

local function on_known()
  made_known = made_known or make_known()
  return made_known
end
