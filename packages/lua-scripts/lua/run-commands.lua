-- Decides one shard's commands of one moment, in order, each succeeding or failing alone.
--
-- One call carries what arrived together, because a call costs as much as several commands. Everything is
-- read and decided before anything is written (lib/batch.lua), so that no failure leaves half a command.
-- It does not decide about leases: it is told. The rules are core's account/transition.ts and
-- reservation/decide.ts, said once more; differential tests hold the two together.
--
-- @key meta hash: which data these are
-- @key open hash: open reservations
-- @key done hash: reservations that ended in the time bucket `bucket`
-- @key doneBefore hash: those of the bucket before
-- @key due sorted set: accounts by a lower bound of their next deadline
-- @key journal stream: events
-- @keys copies hash: one for each of `accounts`, at most 1090
--
-- @argument nowMs milliseconds: empty for the server's clock; 0 to 253402300799999
-- @argument bucket number: nowMs / 900000, rounded down, as the keys were chosen
-- @arguments accounts text: a count, then ids in the order of `copies`
-- @arguments commands text: a count (1 to 64), then for each the number of its words, its kind and these
--
-- @reply status text: OK; FENCED; BUCKET, then the present; WRONGTYPE, then a key
-- @reply nowMs milliseconds: the present
-- @reply position text: of the journal entry, empty if there is none
-- @reply answers text: for each command the number of its words, its answer and what belongs to it

-- @include lib/constants.lua
-- @include lib/integer.lua
-- @include lib/now.lua
-- @include lib/fence.lua
-- @include lib/byte-order.lua
-- @include lib/batch.lua
-- @include lib/fail.lua
-- @include lib/leg.lua
-- @include lib/copy.lua
-- @include lib/change-copy.lua
-- @include lib/record.lua
-- @include lib/find.lua
-- @include lib/reply.lua
-- @include lib/keep.lua
-- @include lib/conclude.lua
-- @include lib/room.lua
-- @include lib/end-leg.lua
-- @include lib/change.lua
-- @include lib/extend.lua
-- @include lib/settle.lua
-- @include lib/release.lua
-- @include lib/expire.lua
-- @include lib/sweep.lua
-- @include lib/reserve.lua
-- @include lib/prepare.lua
-- @include lib/install.lua
-- @include lib/apply.lua
-- @include lib/recall.lua
-- @include lib/correct.lua
-- @include lib/read.lua
-- @include lib/look-up.lua
-- @include lib/flush.lua

local COMMANDS = {
  reserve = reserve,
  extend = extend,
  settle = settle,
  release = release,
  expire = expire,
  sweep = sweep,
  prepare = prepare,
  install = install,
  apply = apply,
  recall = recall,
  correct = correct,
  read = read,
  find = look_up,
}
-- Those whose first word after the kind is a reservation.
local ABOUT_RESERVATION = {
  reserve = true,
  extend = true,
  settle = true,
  release = true,
  expire = true,
  correct = true,
  find = true,
}
local FIRST_COPY = 7

-- unpack
local meta_key = KEYS[1]
batch.open_key, batch.done_key, batch.done_before_key = KEYS[2], KEYS[3], KEYS[4]
batch.due_key, batch.journal_key = KEYS[5], KEYS[6]
local given, bucket, account_count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
for index = 1, account_count do
  batch.keys[ARGV[3 + index]] = KEYS[FIRST_COPY - 1 + index]
end
local first = 4 + account_count
local command_count = tonumber(ARGV[first])

-- guard
local TYPES = { hash = { 2, 3, 4 }, zset = { 5 }, stream = { 6 } }
for wanted, indexes in pairs(TYPES) do
  for _, index in ipairs(indexes) do
    local found = redis.call('TYPE', KEYS[index]).ok
    if found ~= wanted and found ~= 'none' then return { 'WRONGTYPE', KEYS[index] } end
  end
end
if not is_current(meta_key) then return { 'FENCED' } end
batch.now = now_ms(given)
batch.is_clock_given = given ~= ''
if math.floor(batch.now / TOMBSTONE_MS) ~= bucket then return { 'BUCKET', integer(batch.now) } end

-- decide
local ids, at = {}, first
for _ = 1, command_count do
  local id = ARGV[at + 3]
  if ABOUT_RESERVATION[ARGV[at + 2]] and not batch.records[id] then
    batch.records[id] = true
    ids[#ids + 1] = id
  end
  at = at + 1 + tonumber(ARGV[at + 1])
end
load_records(ids)
local answers = {}
at = first
for index = 1, command_count do
  local words = tonumber(ARGV[at + 1])
  local is_decided, answer =
    pcall(COMMANDS[ARGV[at + 2]], unpack(ARGV, at + 3, at + 1 + words))
  -- What `fail` threw; anything else is a bug, and nothing has been written yet.
  if not is_decided and (type(answer) ~= 'table' or answer.err) then error(answer, 0) end
  answers[index] = answer
  at = at + 1 + words
end

-- write and reply
local reply = { 'OK', integer(batch.now), flush() }
for _, answer in ipairs(answers) do
  local size = #reply
  reply[size + 1] = integer(#answer)
  for index, word in ipairs(answer) do reply[size + 1 + index] = word end
end
return reply
