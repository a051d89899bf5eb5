-- Entries of the journal after a position, oldest first, until they hold so many events.
--
-- @key meta hash: which data these are
-- @key journal stream: events
--
-- @argument after text: a position, 0-0 for the start
-- @argument limit number: enough events, 1 to 1000
--
-- @reply status text: OK; FENCED
-- @reply entries text: for each its position, the number of its words, and its words

-- @include lib/integer.lua
-- @include lib/fence.lua

-- Entries hold many events each, so few are read at a time.
local PAGE = '16'
-- What an event begins with: in this layout, the second, and the first.
local MARKS = { w = true, v = true, e = true }

local meta_key, journal_key = KEYS[1], KEYS[2]
local after, limit = ARGV[1], tonumber(ARGV[2])

if not is_current(meta_key) then return { 'FENCED' } end

local reply = { 'OK' }
local events = 0
repeat
  local entries = redis.call('XRANGE', journal_key, '(' .. after, '+', 'COUNT', PAGE)
  for _, entry in ipairs(entries) do
    if events < limit then
      local words = entry[2]
      reply[#reply + 1] = entry[1]
      reply[#reply + 1] = integer(#words)
      local size = #reply
      for index, word in ipairs(words) do
        reply[size + index] = word
        if index % 2 == 1 and MARKS[word] then events = events + 1 end
      end
      -- What is no event of ours still has to be shown.
      if not MARKS[words[1]] then events = events + 1 end
    end
    after = entry[1]
  end
until #entries == 0 or events >= limit
return reply
