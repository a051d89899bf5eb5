-- What the whole account's limit leaves for the lease of a copy, as far as the copy was told. Core's
-- `leftForLease`.
local function left_for_lease(copy)
  if string.sub(copy.elsewhere, 1, 2) == '- ' then return math.huge end
  local limit, granted, settled, reserved, leased =
    string.match(copy.elsewhere, '^(%d+) (%d+) (%-?%d+) (%d+) (%d+)')
  if not limit then fail('DAMAGED', 'a copy does not say what is elsewhere') end
  return math.max(0, limit + granted - settled - reserved - leased)
end

-- What is missing for `wanted` more to fit into what was drawn and not returned, and into the whole account's
-- limit: 0 when it fits. Nothing is always affordable, so a free call passes even on a copy in overage.
local function shortfall(copy, wanted)
  if wanted == 0 then return 0 end
  local limit = math.min(math.max(0, copy.drawn - copy.returned), left_for_lease(copy))
  local room = limit - (copy.settled + copy.reserved)
  if wanted <= room then return 0 end
  return wanted - math.max(room, 0)
end
