-- Forgets entries of the journal that the ledger has, once they are old enough.
--
-- @key meta hash: which data these are
-- @key journal stream: events
--
-- @argument nowMs milliseconds: empty for the server's clock; 0 to 253402300799999
-- @argument upToMs milliseconds: of the last position to forget
-- @argument upToCount number: of the last position to forget
-- @argument olderThanMs milliseconds: what is younger stays; at least 0
--
-- @reply status text: OK; FENCED

-- @include lib/integer.lua
-- @include lib/now.lua
-- @include lib/fence.lua

local meta_key, journal_key = KEYS[1], KEYS[2]
local given, up_to, count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local older_than = tonumber(ARGV[4])

if not is_current(meta_key) then return { 'FENCED' } end

local before = now_ms(tonumber(given)) - older_than
-- Positions are times: the first to stay is the one after the last to forget, or the first that is young.
local first = integer(up_to) .. '-' .. integer(count + 1)
if before <= up_to then first = integer(math.max(before, 0)) end
redis.call('XTRIM', journal_key, 'MINID', '=', first)
return { 'OK' }
