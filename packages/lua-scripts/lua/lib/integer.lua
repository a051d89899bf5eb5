-- Decimal text of an integer. `..`, tostring and cjson keep only 14 significant digits and would change
-- amounts above 10^14; this is exact up to 2^53.
local function integer(number)
  if number == 0 then return '0' end
  return string.format('%.0f', number)
end
