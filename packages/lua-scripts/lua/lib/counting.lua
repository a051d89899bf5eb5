-- Ways to count, by the letter of their algorithm: core's `limiter/*.ts`. Each is made when a limiter first
-- uses it.
--
-- `at` gives the state at the present, which `add` and `give_back` change, and the others work on that; none
-- looks at whether something fits. A policy is what of a hit says how its limiter counts: { kind, limit,
-- window, permits, every }. In Redis the state is the letter and its numbers, packed, of those that have
-- `pack`; the others have files of their own for that.
local COUNTING, MAKE = {}, {}

local function counting_of(kind)
  local counting = COUNTING[kind]
  if counting then return counting end
  if not MAKE[kind] then fail('DAMAGED', 'a limiter without a policy') end
  counting = MAKE[kind]()
  COUNTING[kind] = counting
  return counting
end
