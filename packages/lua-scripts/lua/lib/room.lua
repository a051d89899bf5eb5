-- What is missing for `wanted` more to fit into what was drawn and not returned, and into what the whole
-- account's limit leaves for the lease: 0 when it fits. Nothing is always affordable, so a free call passes
-- even on a copy in overage.
local function shortfall(copy, wanted)
  if wanted == 0 then return 0 end
  local drawn, returned = struct.unpack('<dd', copy.head, #LABEL + 1)
  if not (is_amount(drawn) and is_amount(returned)) then fail('DAMAGED', 'a copy does not read back') end
  local limit, left = drawn - returned, struct.unpack('<d', copy.elsewhere)
  if limit < 0 then limit = 0 end
  if left <= limit then limit = left end
  local room = limit - (copy.settled + copy.reserved)
  if wanted <= room then return 0 end
  return wanted - math.max(0, room)
end
