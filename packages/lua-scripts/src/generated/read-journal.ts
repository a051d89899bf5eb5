// Made by tools/build-lua.ts from lua/read-journal.lua.
import type { Script } from '../script.ts';

/**
 * Entries of the journal after a position, oldest first, until they hold so many events.
 *
 * - key `meta`, hash: which data these are
 * - key `journal`, stream: events
 * - argument `after`, text: a position, 0-0 for the start
 * - argument `limit`, number: enough events, 1 to 1000
 * - reply `status`, text: OK; FENCED
 * - reply `entries`, text: for each its position, the number of its words, and its words
 */
export const readJournal: Script<
  'meta' | 'journal',
  never,
  'after' | 'limit'
> = {
  name: 'read-journal',
  keys: ['meta', 'journal'],
  keyLists: [],
  arguments: ['after', 'limit'],
  text: `local function integer(number)
  if number == 0 then return '0' end
  return string.format('%.0f', number)
end
local function is_current(meta_key)
  return redis.call('HGET', meta_key, 'inc') == INC
end
local PAGE = '16'
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
      if not MARKS[words[1]] then events = events + 1 end
    end
    after = entry[1]
  end
until #entries == 0 or events >= limit
return reply
`,
};
