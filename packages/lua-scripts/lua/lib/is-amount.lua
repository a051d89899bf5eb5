-- Whether a number is one of core's amounts, as which instants and sequences count too. Not so is what data
-- that were damaged read back as.
local function is_amount(number)
  return number >= 0 and number <= AMOUNT_MAX and number % 1 == 0
end

local function are_amounts(a, b, c)
  return a >= 0 and a <= AMOUNT_MAX and a % 1 == 0
    and b >= 0 and b <= AMOUNT_MAX and b % 1 == 0
    and c >= 0 and c <= AMOUNT_MAX and c % 1 == 0
end
