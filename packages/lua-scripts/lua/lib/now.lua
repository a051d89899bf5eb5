-- The present in milliseconds since 1970: the server's, unless a test hands one in. Asked once a call (it
-- costs as much as two reads), which also gives all commands of a call the same clock.
local function now_ms(given)
  if given then return given end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
