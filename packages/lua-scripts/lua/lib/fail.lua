-- Ends the command at hand with `status`, without any change; the other commands of the call go on.
--   WIDEN     it needs accounts whose keys were not declared
--   LIMITERS  it needs limiters whose keys were not declared
--   WRONGTYPE a key holds something else
--   DAMAGED   the data contradict themselves
local function fail(status, ...)
  error({ status, ... }, 0)
end
