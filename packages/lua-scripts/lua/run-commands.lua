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
-- @keys limiters string: one for each of `limiters`; of some algorithms a hash or sorted set
--
-- @argument nowMs milliseconds: empty for the server's clock; 0 to 253402300799999
-- @argument bucket number: nowMs / 900000, rounded down, as the keys were chosen
-- @arguments accounts text: a count, then ids in the order of `copies`
-- @arguments rates text: a count, then the ids of limiters in the order of `limiters`
-- @arguments reservations text: a count, then those that the commands name
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

-- Everything about limiters, made when a command first needs it: Redis runs the text of a script from top to
-- bottom every time, and most calls have no limiters.
local function make_limiters()
-- @include lib/ratio.lua
-- @include lib/bucket.lua
-- @include lib/counting.lua
-- @include lib/sliding-window.lua
-- @include lib/sliding-log.lua
-- @include lib/write-log.lua
-- @include lib/slots.lua
-- @include lib/limiter.lua
-- @include lib/rates.lua
  return {
    parse_hits = parse_hits,
    ask_hits = ask_hits,
    take_hits = take_hits,
    charge_hits = charge_hits,
    taken_text = taken_text,
    slots_held = slots_held,
    free_slots = free_slots,
    extend_slots = extend_slots,
    add_rates = add_rates,
    write_limiter = write_limiter,
  }
end

-- @include lib/limiters.lua
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
local FIRST_COPY = 7

-- unpack
local KEYS, ARGV = KEYS, ARGV
batch.open_key, batch.done_key, batch.done_before_key = KEYS[2], KEYS[3], KEYS[4]
batch.due_key, batch.journal_key = KEYS[5], KEYS[6]
local given, bucket, account_count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
for index = 1, account_count do
  batch.keys[ARGV[3 + index]] = KEYS[FIRST_COPY - 1 + index]
end
local at = 4 + account_count
local limiter_count = tonumber(ARGV[at])
for index = 1, limiter_count do
  batch.limiter_keys[ARGV[at + index]] = KEYS[FIRST_COPY - 1 + account_count + index]
end
at = at + 1 + limiter_count
local ids = { unpack(ARGV, at + 1, at + tonumber(ARGV[at])) }
at = at + 1 + #ids
local command_count = tonumber(ARGV[at])

-- guard
if not is_current(KEYS[1]) then return { 'FENCED' } end
batch.now = now_ms(given)
batch.now_text = integer(batch.now)
batch.is_clock_given = given ~= ''
if math.floor(batch.now / TOMBSTONE_MS) ~= bucket then return { 'BUCKET', batch.now_text } end
local wrong_key = load_records(ids)
if wrong_key then return { 'WRONGTYPE', wrong_key } end

-- decide
local answers = {}
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
local position, other_key = flush()
if other_key then return { 'WRONGTYPE', other_key } end
local reply = { 'OK', batch.now_text, position }
local size = 3
for _, answer in ipairs(answers) do
  reply[size + 1] = integer(#answer)
  for index, word in ipairs(answer) do reply[size + 1 + index] = word end
  size = size + 1 + #answer
end
return reply
