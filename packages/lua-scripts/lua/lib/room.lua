-- What is missing for `wanted` more to fit into what was drawn and not returned: 0 when it fits. Nothing
-- is always affordable, so a free call passes even on a copy in overage.
local function shortfall(copy, wanted)
  local limit = math.max(0, copy.drawn - copy.returned)
  local room = limit - (copy.settled + copy.reserved)
  if wanted == 0 or wanted <= room then return 0 end
  return wanted - math.max(room, 0)
end
