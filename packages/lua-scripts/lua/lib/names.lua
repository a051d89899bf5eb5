-- Functions under names of their own: one in a table is looked for twice each time.
local KEYS = KEYS
local redis_call, pack, unpack_from = redis.call, struct.pack, struct.unpack
local string_sub, string_byte, string_char = string.sub, string.byte, string.char
