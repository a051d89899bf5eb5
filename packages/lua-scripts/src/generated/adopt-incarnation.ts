// Made by tools/build-lua.ts from lua/adopt-incarnation.lua.
import type { Script } from '../script.ts';

/**
 * Writes an incarnation into the data, upwards only, and forgets what older ones kept. The only script
 * without a fence: it makes the fence. What was journaled stays, to be brought home.
 *
 * Copies need not be found and removed: their label no longer matches, which makes them none. An incarnation
 * is written with the layout of the data before it, so that what packs them otherwise takes them for none,
 * too.
 *
 * - key `meta`, hash: which data these are
 * - key `open`, hash: open reservations
 * - key `done`, hash: reservations that ended lately
 * - key `doneBefore`, hash: and before
 * - key `due`, sorted set: accounts by a lower bound of their next deadline
 * - argument `layout`, number: of the data
 * - argument `incarnation`, number: 1 to 2^53 - 1
 * - argument `lineage`, text: who writes it
 * - argument `found`, number: 0 to 2^53 - 1; what the data had when they were inspected
 * - reply `holds`, text: 1 if the data have this incarnation now; 0 if they have a higher one, or were lost since
 */
export const adoptIncarnation: Script<
  'meta' | 'open' | 'done' | 'doneBefore' | 'due',
  never,
  'layout' | 'incarnation' | 'lineage' | 'found'
> = {
  name: 'adopt-incarnation',
  keys: ['meta', 'open', 'done', 'doneBefore', 'due'],
  keyLists: [],
  arguments: ['layout', 'incarnation', 'lineage', 'found'],
  text: `local meta_key = KEYS[1]
local layout, incarnation, lineage, found = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local of_layout, number = string.match(redis.call('HGET', meta_key, 'inc') or '', '^(%d+)/(%d+)$')
if of_layout and tonumber(of_layout) > tonumber(layout) then return { '0' } end
local current = of_layout == layout and tonumber(number) or 0
if current > tonumber(incarnation) or current < found then return { '0' } end
if current < tonumber(incarnation) then
  redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
end
redis.call('HSET', meta_key, 'inc', layout .. '/' .. incarnation, 'lineage', lineage)
return { '1' }
`,
};
