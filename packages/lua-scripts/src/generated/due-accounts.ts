// Made by tools/build-lua.ts from lua/due-accounts.lua.
import type { Script } from '../script.ts';

/**
 * Accounts that may have due reservations, the earliest first. Changes nothing: `sweep` decides.
 *
 * - key `meta`, hash: which data these are
 * - key `due`, sorted set: accounts by a lower bound of their next deadline
 * - argument `nowMs`, milliseconds: empty for the server's clock; 0 to 253402300799999
 * - argument `limit`, number: most accounts to return, 1 to 1000
 * - reply `status`, text: OK; FENCED
 * - reply `accounts`, text: their ids
 */
export const dueAccounts: Script<
  'meta' | 'due',
  never,
  'nowMs' | 'limit'
> = {
  name: 'due-accounts',
  keys: ['meta', 'due'],
  keyLists: [],
  arguments: ['nowMs', 'limit'],
  text: `local function integer(number)
  if number == 0 then return '0' end
  return string.format('%.0f', number)
end
local function now_ms(given)
  if given then return given end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function is_current(meta_key)
  return redis.call('HGET', meta_key, 'inc') == INC
end
local meta_key, due_key = KEYS[1], KEYS[2]
local given, limit = ARGV[1], ARGV[2]
if not is_current(meta_key) then return { 'FENCED' } end
local now = integer(now_ms(tonumber(given)))
return { 'OK', unpack(redis.call('ZRANGEBYSCORE', due_key, '-inf', now, 'LIMIT', '0', limit)) }
`,
};
