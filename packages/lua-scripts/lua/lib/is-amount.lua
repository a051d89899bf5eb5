-- Whether a number is one of core's amounts, as which instants and sequences count too. Not so is what data
-- that were damaged read back as.
local function is_amount(number)
  return number >= 0 and number <= AMOUNT_MAX and number % 1 == 0
end
