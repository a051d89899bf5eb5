-- Exact arithmetic of limiters: products that pass 2^53 on the way to a result that does not. Core's
-- `ratio.ts`, with pieces of 21 bits for its big integers.
local PIECE = 2097152

-- `x * y` as high and low part, base 2^42. Both are below 2^53, and one of them below 2^32.
local function product(x, y)
  if x < y then x, y = y, x end
  local low = x % PIECE
  local above = (x - low) / PIECE
  local middle = above % PIECE
  local high = (above - middle) / PIECE
  local first = low * y
  local first_rest = first % PIECE
  local second = middle * y + (first - first_rest) / PIECE
  local second_rest = second % PIECE
  return high * y + (second - second_rest) / PIECE, second_rest * PIECE + first_rest
end

local function is_above(high, low, other_high, other_low)
  if high ~= other_high then return high > other_high end
  return low > other_low
end

-- `a * b / divisor` rounded down, and the rest. One of `a` and `b`, and of divisor and result, is below 2^32.
local function scaled(a, b, divisor)
  local exact = a * b
  if exact <= AMOUNT_MAX then
    local rest = exact % divisor
    return (exact - rest) / divisor, rest
  end
  local high, low = product(a, b)
  local quotient = math.floor(a / divisor * b)
  local high_less, low_less = product(quotient, divisor)
  while is_above(high_less, low_less, high, low) do
    quotient = quotient - 1
    high_less, low_less = product(quotient, divisor)
  end
  while true do
    local high_more, low_more = product(quotient + 1, divisor)
    if is_above(high_more, low_more, high, low) then break end
    quotient, high_less, low_less = quotient + 1, high_more, low_more
  end
  return quotient, (high - high_less) * PIECE * PIECE + (low - low_less)
end

local function sum_to_max(a, b)
  if a > AMOUNT_MAX - b then return AMOUNT_MAX end
  return a + b
end
