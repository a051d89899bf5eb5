-- Whether these data are those that this text was loaded for. INC, the incarnation, is the first line of
-- every script as the driver loads it: a server that restarted or was promoted does not know the script,
-- one that was emptied or set back does not have the number.
local function is_current(meta_key)
  return redis.call('HGET', meta_key, 'inc') == INC
end
