-- Whether a copy admits a call: core's `admit`.

-- Why it does not, nil if it does: code, is_outside or missing, and the code or what is missing.
local function refusal_of(copy, amount)
  if copy.settled + copy.reserved + amount > AMOUNT_MAX then return 'code', 'amount_out_of_range' end
  if not copy.limit then look_into(copy) end
  if copy.is_outside then return 'is_outside', true end
  local missing = shortfall(copy, amount)
  if missing > 0 then return 'missing', missing end
  return nil
end
