-- What not every call needs, made when it is.
local made_general

local function general()
  if not made_general then made_general = make_general() end
  return made_general
end
