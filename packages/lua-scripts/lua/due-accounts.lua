-- Accounts that may have due reservations, the earliest first. Changes nothing: `sweep` decides.
--
-- @key meta hash: which data these are
-- @key due sorted set: accounts by a lower bound of their next deadline
--
-- @argument nowMs milliseconds: empty for the server's clock; 0 to 253402300799999
-- @argument limit number: most accounts to return, 1 to 1000
--
-- @reply status text: OK; FENCED
-- @reply accounts text: their ids

-- @include lib/integer.lua
-- @include lib/now.lua
-- @include lib/fence.lua

local meta_key, due_key = KEYS[1], KEYS[2]
local given, limit = ARGV[1], ARGV[2]

if not is_current(meta_key) then return { 'FENCED' } end

local now = integer(now_ms(tonumber(given)))
return { 'OK', unpack(redis.call('ZRANGEBYSCORE', due_key, '-inf', now, 'LIMIT', '0', limit)) }
