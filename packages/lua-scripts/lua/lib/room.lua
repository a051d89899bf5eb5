-- What of a copy decides whether a call fits, read out of its head once a call: whether it is another period
-- now, and how much may be settled and set aside at most, which is what was drawn and not returned, and what
-- the whole account's limit leaves for the lease.
local function look_into(copy)
  local drawn, returned, starts, ends = unpack_from('<dddd', copy.head, #LABEL + 1)
  if not (is_amount(drawn) and is_amount(returned)) then fail('DAMAGED', 'a copy does not read back') end
  local limit, left = drawn - returned, unpack_from('<d', copy.elsewhere)
  if limit < 0 then limit = 0 end
  if left <= limit then limit = left end
  copy.limit = limit
  local is_early = batch.now < starts - PERIOD_TOLERANCE_MS
  copy.is_outside = is_early or batch.now >= ends + PERIOD_TOLERANCE_MS
end

-- What is missing for `wanted` more to fit: 0 when it fits. Nothing is always affordable, so a free call
-- passes even on a copy in overage.
local function shortfall(copy, wanted)
  if wanted == 0 then return 0 end
  if not copy.limit then look_into(copy) end
  local room = copy.limit - (copy.settled + copy.reserved)
  if wanted <= room then return 0 end
  return wanted - math.max(0, room)
end
