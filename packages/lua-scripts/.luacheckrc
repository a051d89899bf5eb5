-- What a script of Redis may use: Lua 5.1 without what Redis forbids or we do without, and what it is given.
-- The checked text is the expanded script, as it goes to Redis.
std = 'lua51'
not_globals = {
  'collectgarbage', 'debug', 'dofile', 'getfenv', 'io', 'load', 'loadfile', 'loadstring', 'module', 'newproxy',
  'os', 'package', 'print', 'require', 'setfenv', 'tostring',
}
read_globals = {
  'KEYS', 'ARGV',
  'INC', -- The incarnation, which the driver puts before the script.
  struct = { fields = { 'pack', 'unpack' } },
  cmsgpack = { fields = { 'unpack' } },
  redis = { fields = { 'call', 'pcall', 'error_reply', 'status_reply' } },
}
-- As in the sources.
max_line_length = 110
