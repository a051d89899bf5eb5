-- Decides one shard's commands of one moment, in order, each succeeding or failing alone.
--
-- One call carries what arrived together, because a call costs as much as several commands. Everything is
-- decided before anything is written (lib/batch.lua). It does not decide about leases: it is told. The rules
-- are core's account/transition.ts and reservation/decide.ts; differential tests hold the two together.
--
-- The call is packed, one value after the other: the present in ms (-1 for the server's clock); the time
-- bucket, as the keys were chosen; how many limiters there are; how many bytes of the keys of copies, and of
-- limiters, come before their ids; a count of commands (1 to 64), then for each the number of its words, its
-- kind, and these. Commands name accounts by their place among the copies, and limiters likewise.
--
-- The answers are packed: the present; the position of the journal entry, with its length, empty if there is
-- none; the answers, one after the other, as lib/reply.lua has them.
--
-- @key meta hash: which data these are
-- @key open hash: open reservations
-- @key done hash: reservations that ended in the time bucket `bucket`
-- @key doneBefore hash: those of the bucket before
-- @key due sorted set: accounts by a lower bound of their next deadline
-- @key journal stream: events
-- @keys copies hash: at most 1090
-- @keys limiters string: of some algorithms a hash or sorted set
--
-- @argument call text: the commands
--
-- @reply status text: OK; FENCED; BUCKET, then the present; WRONGTYPE, then a key
-- @reply answers text: one for each command

-- @include lib/constants.lua
-- @include lib/integer.lua
-- @include lib/is-amount.lua
-- @include lib/now.lua
-- @include lib/fence.lua
-- @include lib/batch.lua
-- @include lib/fail.lua
-- @include lib/names.lua
-- @include lib/call.lua
-- @include lib/leg.lua
-- @include lib/copy.lua
-- Redis runs this text from top to bottom every time, and that makes its functions. So here is what most
-- calls need; the rest is made when it is. Functions in a function take what they use from there at once.
return (function()
-- @include lib/change-copy.lua
-- @include lib/records.lua
-- @include lib/event.lua
-- @include lib/tell.lua
-- @include lib/room.lua
-- @include lib/sums-at-end.lua
-- @include lib/admit.lua

local function make_limiters()
-- @include lib/ratio.lua
-- @include lib/counting.lua
-- @include lib/bucket.lua
-- @include lib/gcra.lua
-- @include lib/fixed-window.lua
-- @include lib/sliding-window.lua
-- @include lib/sliding-log.lua
-- @include lib/slots.lua
-- @include lib/limiter.lua
-- @include lib/rates.lua
-- @include lib/held-slots.lua
  return {
    parse_hits = parse_hits,
    ask_hits = ask_hits,
    take_hits = take_hits,
    charge_hits = charge_hits,
    slots = held_slots,
    tell_hits = tell_hits,
    pack_hits = pack_hits,
    write_limiter = write_limiter,
  }
end

-- @include lib/limiters.lua
local function make_known()
-- @include lib/known-legs.lua
-- @include lib/settle-usual.lua
-- @include lib/extend-usual.lua
  return { settle = settle_usual, extend = extend_usual, extended = extended, is_same_life = is_same_life }
end

-- @include lib/on-known.lua

local function make_general()
-- @include lib/record.lua
-- @include lib/find.lua
-- @include lib/put-leg.lua
-- @include lib/reply.lua
-- @include lib/failure.lua
-- @include lib/keep.lua
-- @include lib/conclude.lua
-- @include lib/end-leg.lua
-- @include lib/change.lua
local rare, made_rare
local function make_rare()
-- @include lib/byte-order.lua
-- @include lib/whole-copy.lua
-- @include lib/write-copy.lua
-- @include lib/found.lua
-- @include lib/expire.lua
-- @include lib/sweep.lua
-- @include lib/repeated.lua
-- @include lib/prepare.lua
-- @include lib/install.lua
-- @include lib/apply.lua
-- @include lib/recall.lua
-- @include lib/correct.lua
-- @include lib/read.lua
-- @include lib/look-up.lua
  return {
    due_of = due_of,
    end_due = end_due,
    repeated = repeated,
    write_copy = write_copy,
    commands = {
      expire = expire, sweep = sweep, prepare = prepare, install = install, apply = apply,
      recall = recall, correct = correct, read = read, find = look_up,
    },
  }
end

function rare()
  if not made_rare then made_rare = make_rare() end
  return made_rare
end

-- @include lib/extend.lua
-- @include lib/settle.lua
-- @include lib/release.lua
-- @include lib/reserve.lua
  return {
    commands = { reserve = reserve, extend = extend, settle = settle, release = release },
    rare = rare,
    pack_record = pack_record,
    tell_failure = tell_failure,
  }
end

-- @include lib/general.lua
-- @include lib/reserve-usual.lua
-- @include lib/decide.lua
-- @include lib/flush.lua

-- unpack
local words = { cmsgpack.unpack(ARGV[1]) }
local given, bucket, limiter_count, copy_prefix, limiter_prefix, command_count = unpack(words, 1, 6)
declare_keys(limiter_count, copy_prefix, limiter_prefix)
local ids = ids_in(words, command_count)
-- guard
if not is_current(KEYS[1]) then return { 'FENCED' } end
batch.is_clock_given = given >= 0
batch.now = now_ms(batch.is_clock_given and given)
batch.now_text = pack('<d', batch.now)
if math.floor(batch.now / TOMBSTONE_MS) ~= bucket then return { 'BUCKET', integer(batch.now) } end
local wrong_key = load_records(ids)
if wrong_key then return { 'WRONGTYPE', wrong_key } end

-- decide
decide_all(words, command_count)

-- write and reply
local position, other_key = flush()
if other_key then return { 'WRONGTYPE', other_key } end
batch.answers[1] = pack('<dBc0', batch.now, #position, position)
return { 'OK', table.concat(batch.answers, '', 1, batch.answer_count) }
end)()
