-- Whether `a` comes before `b`, byte by byte. `<` follows the server's locale, and JavaScript does not.
local function is_before(a, b)
  for index = 1, math.min(#a, #b) do
    local left, right = string_byte(a, index), string_byte(b, index)
    if left ~= right then return left < right end
  end
  return #a < #b
end
