-- What is missing for `wanted` more to fit into what was drawn and not returned, and into what the whole
-- account's limit leaves for the lease: 0 when it fits. Nothing is always affordable, so a free call passes
-- even on a copy in overage.
local function shortfall(copy, wanted)
  if wanted == 0 then return 0 end
  local limit = math.min(math.max(0, copy.drawn - copy.returned), copy.left)
  local room = limit - (copy.settled + copy.reserved)
  if wanted <= room then return 0 end
  return wanted - math.max(room, 0)
end
