// Made by tools/build-lua.ts from lua/run-commands.lua.
import type { Script } from '../script.ts';

/**
 * Decides one shard's commands of one moment, in order, each succeeding or failing alone.
 *
 * One call carries what arrived together, because a call costs as much as several commands. Everything is
 * decided before anything is written (lib/batch.lua). It does not decide about leases: it is told. The rules
 * are core's account/transition.ts and reservation/decide.ts; differential tests hold the two together.
 *
 * The call is packed, one value after the other: the present in ms (-1 for the server's clock); the time
 * bucket, as the keys were chosen; how many limiters there are; how many bytes of the keys of copies, and of
 * limiters, come before their ids; a count of commands (1 to 64), then for each the number of its words, its
 * kind, and these. Commands name accounts by their place among the copies, and limiters likewise.
 *
 * The answers are packed: the present; the position of the journal entry, with its length, empty if there is
 * none; the answers, one after the other, as lib/reply.lua has them.
 *
 * - key `meta`, hash: which data these are
 * - key `open`, hash: open reservations
 * - key `done`, hash: reservations that ended in the time bucket `bucket`
 * - key `doneBefore`, hash: those of the bucket before
 * - key `due`, sorted set: accounts by a lower bound of their next deadline
 * - key `journal`, stream: events
 * - keys `copies`, hash: at most 1090
 * - keys `limiters`, string: of some algorithms a hash or sorted set
 * - argument `call`, text: the commands
 * - reply `status`, text: OK; FENCED; BUCKET, then the present; WRONGTYPE, then a key
 * - reply `answers`, text: one for each command
 */
export const runCommands: Script<
  'meta' | 'open' | 'done' | 'doneBefore' | 'due' | 'journal',
  'copies' | 'limiters',
  'call'
> = {
  name: 'run-commands',
  keys: ['meta', 'open', 'done', 'doneBefore', 'due', 'journal'],
  keyLists: ['copies', 'limiters'],
  arguments: ['call'],
  text: `local AMOUNT_MAX = 9007199254740991
local INSTANT_MAX = 253402300799999
local PERIOD_TOLERANCE_MS = 2000
local PLACE_MS = 2000
local TOMBSTONE_MS = 900000
local LAZY_EXPIRY_MAX = 5
local LOG_MAX = 10000
local SLOT_HOLDERS_MAX = 10000
local function integer(number)
  if number == 0 then return '0' end
  return string.format('%.0f', number)
end
local function is_amount(number)
  return number >= 0 and number <= AMOUNT_MAX and number % 1 == 0
end
local function are_amounts(a, b, c)
  return a >= 0 and a <= AMOUNT_MAX and a % 1 == 0
    and b >= 0 and b <= AMOUNT_MAX and b % 1 == 0
    and c >= 0 and c <= AMOUNT_MAX and c % 1 == 0
end
local function now_ms(given)
  if given then return given end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function is_current(meta_key)
  return redis.call('HGET', meta_key, 'inc') == INC
end
local batch = {
  now = 0, -- ms
  now_text = '', -- the same, packed
  copies = {}, -- place among the keys of copies → copy
  touched = {}, -- copies to write, in the order in which they were first changed
  records = {}, -- reservation → record, its text while it is open and not looked into, false for none
  changed = {}, -- records to write
  open = {}, -- fields of open records, and of ended ones, that are written as they are
  ended = {},
  gone = {}, -- records that are not open any more
  not_due = {}, -- accounts without a copy, to be taken out of the set of due ones
  events = {}, -- fields of the journal entry
  limiters = {}, -- place among the keys of limiters → limiter, as far as it is used
  changed_limiters = {}, -- limiters to write
  answers = {}, -- texts of the answers, after a place for what comes first in the reply
  answer_count = 1, -- how many texts these are, and that place
}
local function fail(status, ...)
  error({ status, ... }, 0)
end
local KEYS = KEYS
local redis_call, pack, unpack_from = redis.call, struct.pack, struct.unpack
local string_sub, string_byte, string_char = string.sub, string.byte, string.char
local FIRST_COMMAND = 7
local HEAD_WORDS = 2
local BEFORE_COPIES = 6
local NAMES_NONE = { sweep = true, prepare = true, install = true, apply = true, recall = true, read = true }
local account_from, limiter_from, before_limiters
local account_names = {} -- by place, as far as needed
local function declare_keys(limiter_count, copy_prefix, limiter_prefix)
  batch.open_key, batch.done_key, batch.done_before_key = KEYS[2], KEYS[3], KEYS[4]
  batch.due_key, batch.journal_key = KEYS[5], KEYS[6]
  before_limiters = #KEYS - limiter_count
  account_from, limiter_from = copy_prefix + 1, limiter_prefix + 1
end
local function account_at(place)
  local account = account_names[place]
  if not account then
    account = string_sub(KEYS[BEFORE_COPIES + place], account_from)
    account_names[place] = account
  end
  return account
end
local function ids_in(words, command_count)
  local ids, at = {}, FIRST_COMMAND
  for _ = 1, command_count do
    if not NAMES_NONE[words[at + 1]] then ids[#ids + 1] = words[at + HEAD_WORDS] end
    at = at + HEAD_WORDS + words[at]
  end
  return ids
end
local LEG_BYTES = 25
local function held(leg)
  if leg.state ~= 'o' or leg.amount <= leg.spent then return 0 end
  return leg.amount - leg.spent
end
local function leg_flags(leg)
  return (leg.is_dispatched and 1 or 0) + (leg.is_journaled and 2 or 0)
end
local function make_leg(state, amount, spent, deadline, flags)
  if not (are_amounts(amount, spent, deadline) and flags < 4) then
    fail('DAMAGED', 'a leg does not read back')
  end
  return {
    state = state,
    amount = amount,
    spent = spent,
    deadline = deadline,
    is_dispatched = flags % 2 == 1,
    is_journaled = flags >= 2,
  }
end
local function pack_leg(leg)
  return pack('<dddB', leg.amount, leg.spent, leg.deadline, leg_flags(leg))
end
local parsed_text, parsed_leg
local function parse_open_leg(text)
  if text == parsed_text then return parsed_leg end
  if #text ~= LEG_BYTES then fail('DAMAGED', 'a leg does not read back') end
  local amount, spent, deadline, flags = unpack_from('<dddB', text)
  parsed_leg = make_leg('o', amount, spent, deadline, flags)
  parsed_text = text
  return parsed_leg
end
local function leg_with(leg, state, spent, is_journaled)
  return {
    state = state,
    amount = leg.amount,
    spent = spent,
    deadline = leg.deadline,
    is_dispatched = leg.is_dispatched,
    is_journaled = is_journaled,
  }
end
local META_FIELDS = 3
local LABEL = string_char(#INC) .. INC
local SUMS_BYTES = 32
local ID_BYTES = 16
local function absent_copy(place)
  return { place = place, legs = {}, next_due = math.huge }
end
local function key_of(copy)
  return KEYS[BEFORE_COPIES + copy.place]
end
local function standing_of(copy)
  return unpack_from('<dddd', copy.head, #LABEL + 1)
end
local function pack_lease(copy)
  local lease = copy.lease
  if not lease then
    lease = string_sub(copy.head, #LABEL + 33)
    copy.lease = lease
  end
  return lease
end
local function stored_copy(place, fields, legs)
  local head, sums, elsewhere = fields[1], fields[2], fields[3]
  if string_sub(head, 1, #LABEL) ~= LABEL then return nil end
  local is_whole = sums and elsewhere and #sums == SUMS_BYTES and #elsewhere >= 8
    and string_byte(head, #LABEL + 33) == #head - #LABEL - 33
  if not is_whole then fail('DAMAGED', 'a copy does not read back') end
  local settled, reserved, sequence, next_due = unpack_from('<dddd', sums)
  if not are_amounts(settled, reserved, sequence) then
    fail('DAMAGED', 'a copy does not read back')
  end
  return {
    place = place,
    is_stored = true,
    is_touched = false,
    is_told = false, -- this call has answered with what of it only its lease changes
    head = head,
    settled = settled,
    reserved = reserved,
    sequence = sequence,
    elsewhere = elsewhere,
    next_due = next_due,
    legs = legs,
    changed_leg = nil,
    limit = nil, -- these are read out of the head when they are needed
    is_outside = nil,
    lease = nil,
    interval = nil,
  }
end
local function fill_place(copy, text)
  local label, ticket, placed = string.match(text, '^(%S+) (%d+) (%d+)$')
  if label ~= INC then return end
  copy.ticket = tonumber(ticket)
  copy.placed = tonumber(placed)
end
local function copy_at(place, uuid, is_new)
  local copy = batch.copies[place]
  if copy then return copy end
  local key = KEYS[BEFORE_COPIES + place]
  local fields
  if uuid and not is_new then
    fields = redis.pcall('HMGET', key, 'h', 's', 'e', uuid)
  else
    fields = redis.pcall('HMGET', key, 'h', 's', 'e')
  end
  if fields.err then fail('WRONGTYPE', key) end
  copy = fields[1] and stored_copy(place, fields, uuid and { [uuid] = fields[4] or false } or {})
  if not copy then
    copy = absent_copy(place)
    copy.is_leftover = true
    local kept = redis_call('HGET', key, 't')
    if kept then fill_place(copy, kept) end
  end
  batch.copies[place] = copy
  return copy
end
local function leg_of(copy, uuid)
  local text = copy.legs[uuid]
  if text == nil then
    if not copy.is_stored or copy.is_scanned then return false end
    text = redis_call('HGET', key_of(copy), uuid)
    copy.legs[uuid] = text
  end
  return text and parse_open_leg(text)
end
return (function()
local function touch(copy)
  if copy.is_touched then return end
  copy.is_touched = true
  batch.touched[#batch.touched + 1] = copy
end
local function note_leg(copy, uuid)
  if not copy.changed_leg then
    copy.changed_leg = uuid
  elseif copy.changed_legs then
    copy.changed_legs[#copy.changed_legs + 1] = uuid
  else
    copy.changed_legs = { copy.changed_leg, uuid }
  end
end
local function open_leg(copy, uuid, packed, deadline)
  note_leg(copy, uuid)
  copy.legs[uuid] = packed
  if deadline < copy.next_due then
    copy.next_due = deadline
    copy.is_due_changed = true
  end
end
local function close_leg(copy, uuid)
  note_leg(copy, uuid)
  copy.legs[uuid] = false
end
local function put_sums(copy, settled, reserved)
  if not copy.is_touched then touch(copy) end
  copy.settled = settled
  copy.reserved = reserved
  copy.sequence = copy.sequence + 1
end
local function pack_sums(copy)
  return pack('<dddd', copy.settled, copy.reserved, copy.sequence, copy.next_due)
end
local function write_legs(copy, fields)
  local size, legs, ended = #fields, copy.legs, nil
  for _, uuid in ipairs(copy.changed_legs or { copy.changed_leg }) do
    local leg = legs[uuid]
    if leg then
      fields[size + 1], fields[size + 2] = uuid, leg
      size = size + 2
    elseif copy.is_stored then
      ended = ended or {}
      ended[#ended + 1] = uuid
    end
  end
  redis_call('HSET', key_of(copy), unpack(fields))
  if ended then redis_call('HDEL', key_of(copy), unpack(ended)) end
end
local CREATED_BYTES = 8
local function pack_end(leg)
  return pack('<c1dddB', leg.state, leg.amount, leg.spent, leg.deadline, leg_flags(leg))
end
local function load_records(ids)
  local records = batch.records
  for step, key in ipairs({ batch.open_key, batch.done_key, batch.done_before_key }) do
    if #ids == 0 then return nil end
    local texts = redis.pcall('HMGET', key, unpack(ids))
    if texts.err then return key end
    local left = {}
    for index, id in ipairs(ids) do
      local text = texts[index]
      if text then
        records[id] = step == 1 and text or { text = text }
      else
        records[id] = false
        left[#left + 1] = id
      end
    end
    ids = left
  end
  return nil
end
local function push_event(head, detail, made)
  local events = batch.events
  local at = #events
  events[at + 1], events[at + 2], events[at + 3] = 'w', head, 'd'
  events[at + 4], events[at + 5], events[at + 6] = detail, 'm', made
end
local function pack_event(id, leg, is_first, count)
  local flags = (leg.is_dispatched and 1 or 0) + (is_first and 4 or 0)
  return pack(
    '<c1dddBdBc0B',
    leg.state,
    leg.amount,
    leg.spent,
    leg.deadline,
    flags,
    batch.now,
    #id,
    id,
    count
  )
end
local function pack_interval(copy)
  local interval = copy.interval
  if not interval then
    interval = string_sub(copy.head, #LABEL + 17)
    copy.interval = interval
  end
  return interval
end
local IS_TOLD = 4
local function push_copy(texts, size, copy)
  local settled, reserved, sequence = copy.settled, copy.reserved, copy.sequence
  if copy.is_told then
    texts[size + 1] = pack('<HdddI4', copy.place, settled, reserved, sequence, 0)
    return size + 1
  end
  copy.is_told = true
  local head, elsewhere = copy.head, copy.elsewhere
  local length = 1 + #head + #elsewhere
  texts[size + 1] = pack('<HdddI4B', copy.place, settled, reserved, sequence, length, #head)
  texts[size + 2], texts[size + 3] = head, elsewhere
  return size + 3
end
local function tell_done(flags, overage, created, leg, words, first, last, rate_count)
  local texts, size, copies = batch.answers, batch.answer_count + 1, batch.copies
  texts[size] = pack(
    '<BBdBBI4dc1dddB',
    1,
    flags,
    overage,
    last - first + 1,
    rate_count,
    CREATED_BYTES,
    created,
    leg.state,
    leg.amount,
    leg.spent,
    leg.deadline,
    leg_flags(leg)
  )
  for index = first, last do size = push_copy(texts, size, copies[words[index]]) end
  batch.answer_count = size
end
local function look_into(copy)
  local drawn, returned, starts, ends = unpack_from('<dddd', copy.head, #LABEL + 1)
  if not (is_amount(drawn) and is_amount(returned)) then fail('DAMAGED', 'a copy does not read back') end
  local limit, left = drawn - returned, unpack_from('<d', copy.elsewhere)
  if limit < 0 then limit = 0 end
  if left <= limit then limit = left end
  copy.limit = limit
  local is_early = batch.now < starts - PERIOD_TOLERANCE_MS
  copy.is_outside = is_early or batch.now >= ends + PERIOD_TOLERANCE_MS
end
local function shortfall(copy, wanted)
  if wanted == 0 then return 0 end
  if not copy.limit then look_into(copy) end
  local room = copy.limit - (copy.settled + copy.reserved)
  if wanted <= room then return 0 end
  return wanted - math.max(0, room)
end
local function sums_at_end(copy, leg, state, spent)
  local hold = held(leg)
  if copy.reserved < hold then fail('DAMAGED', 'a copy holds less than its legs') end
  local kept = state == 'o' and leg.amount > spent and leg.amount - spent or 0
  local reserved = copy.reserved - hold + kept
  local settled = copy.settled + spent - leg.spent
  if settled + reserved > AMOUNT_MAX then return nil end
  return settled, reserved, hold
end
local function refusal_of(copy, amount)
  if copy.settled + copy.reserved + amount > AMOUNT_MAX then return 'code', 'amount_out_of_range' end
  if not copy.limit then look_into(copy) end
  if copy.is_outside then return 'is_outside', true end
  local missing = shortfall(copy, amount)
  if missing > 0 then return 'missing', missing end
  return nil
end
local function make_limiters()
local PIECE = 2097152
local function product(x, y)
  if x < y then x, y = y, x end
  local low = x % PIECE
  local above = (x - low) / PIECE
  local middle = above % PIECE
  local high = (above - middle) / PIECE
  local first = low * y
  local first_rest = first % PIECE
  local second = middle * y + (first - first_rest) / PIECE
  local second_rest = second % PIECE
  return high * y + (second - second_rest) / PIECE, second_rest * PIECE + first_rest
end
local function is_above(high, low, other_high, other_low)
  if high ~= other_high then return high > other_high end
  return low > other_low
end
local function scaled(a, b, divisor)
  local exact = a * b
  if exact <= AMOUNT_MAX then
    local rest = exact % divisor
    return (exact - rest) / divisor, rest
  end
  local high, low = product(a, b)
  local quotient = math.floor(a / divisor * b)
  local high_less, low_less = product(quotient, divisor)
  while is_above(high_less, low_less, high, low) do
    quotient = quotient - 1
    high_less, low_less = product(quotient, divisor)
  end
  while true do
    local high_more, low_more = product(quotient + 1, divisor)
    if is_above(high_more, low_more, high, low) then break end
    quotient, high_less, low_less = quotient + 1, high_more, low_more
  end
  return quotient, (high - high_less) * PIECE * PIECE + (low - low_less)
end
local function sum_to_max(a, b)
  if a > AMOUNT_MAX - b then return AMOUNT_MAX end
  return a + b
end
local COUNTING, MAKE = {}, {}
local function counting_of(kind)
  local counting = COUNTING[kind]
  if counting then return counting end
  if not MAKE[kind] then fail('DAMAGED', 'a limiter without a policy') end
  counting = MAKE[kind]()
  COUNTING[kind] = counting
  return counting
end
local function run_off(used, part, elapsed, permits, every)
  local into = elapsed % every
  local quotient, rest = scaled(into, permits, every)
  local parts = rest + math.min(part, every - 1)
  local carry = parts >= every and 1 or 0
  local gone = (elapsed - into) / every * permits + quotient + carry
  if gone >= used then return 0, 0 end
  return used - gone, parts - carry * every
end
local function ms_until_gone(part, wanted, permits, every)
  local within = wanted % permits
  local quotient, rest = scaled(within, every, permits)
  local more = rest > part and 1 or -math.floor((part - rest) / permits)
  return math.min((wanted - within) / permits * every + quotient + more, INSTANT_MAX)
end
function MAKE.t()
  return {
    unpack = function(text)
      if #text ~= 25 then return nil end
      local used, part, at = unpack_from('<ddd', text, 2)
      if not are_amounts(used, part, at) then return nil end
      return { used = used, part = part, at = at }
    end,
    pack = function(state)
      return pack('<c1ddd', 't', state.used, state.part, state.at)
    end,
    at = function(policy, state)
      if not state then return { used = 0, part = 0, at = batch.now } end
      local at = math.max(state.at, batch.now)
      local used, part =
        run_off(state.used, state.part, at - state.at, policy.permits, policy.every)
      return { used = used, part = part, at = at }
    end,
    used = function(_, state) return state.used end,
    add = function(_, state, permits)
      state.used = sum_to_max(state.used, permits)
      return state
    end,
    give_back = function(_, state, permits)
      if permits >= state.used then state.part = 0 end
      state.used = math.max(0, state.used - permits)
      return state
    end,
    free_at = function(policy, state, excess)
      return state.at + ms_until_gone(state.part, excess, policy.permits, policy.every)
    end,
    ends_at = function(policy, state)
      return state.at + ms_until_gone(state.part, state.used, policy.permits, policy.every)
    end,
  }
end
function MAKE.g()
  local function gcra_level(policy, state)
    local to_go = state.tat - batch.now
    local into = to_go % policy.every
    local quotient, rest = scaled(into, policy.permits, policy.every)
    local part_rest = state.part % policy.every
    local parts = rest + part_rest
    local carry = parts >= policy.every and 1 or 0
    local left = parts - carry * policy.every
    local more = quotient + (state.part - part_rest) / policy.every + carry + (left > 0 and 1 or 0)
    local used = sum_to_max((to_go - into) / policy.every * policy.permits, more)
    return used, left > 0 and policy.every - left or 0
  end
  local function gcra_spacing(policy, permits)
    local within = permits % policy.permits
    local quotient, rest = scaled(within, policy.every, policy.permits)
    return (permits - within) / policy.permits * policy.every + quotient, rest
  end
  return {
    unpack = function(text)
      if #text ~= 17 then return nil end
      local tat, part = unpack_from('<dd', text, 2)
      if not (is_amount(tat) and is_amount(part)) then return nil end
      return { tat = tat, part = part }
    end,
    pack = function(state) return pack('<c1dd', 'g', state.tat, state.part) end,
    at = function(policy, state)
      if not state or state.tat < batch.now then return { tat = batch.now, part = 0 } end
      return { tat = state.tat, part = math.min(state.part, policy.permits - 1) }
    end,
    used = function(policy, state) return (gcra_level(policy, state)) end,
    add = function(policy, state, permits)
      local whole, part = gcra_spacing(policy, permits)
      local is_carried = state.part >= policy.permits - part
      local tat = state.tat + whole + (is_carried and 1 or 0)
      if tat >= INSTANT_MAX then return { tat = INSTANT_MAX, part = 0 } end
      if is_carried then return { tat = tat, part = state.part - (policy.permits - part) } end
      return { tat = tat, part = state.part + part }
    end,
    give_back = function(policy, state, permits)
      local whole, part = gcra_spacing(policy, permits)
      local is_borrowed = state.part < part
      local tat = state.tat - whole - (is_borrowed and 1 or 0)
      if tat < batch.now then return { tat = batch.now, part = 0 } end
      if is_borrowed then return { tat = tat, part = state.part + (policy.permits - part) } end
      return { tat = tat, part = state.part - part }
    end,
    free_at = function(policy, state, excess)
      local _, part = gcra_level(policy, state)
      return batch.now + ms_until_gone(part, excess, policy.permits, policy.every)
    end,
    ends_at = function(_, state) return state.tat + (state.part > 0 and 1 or 0) end,
  }
end
function MAKE.f()
  return {
    unpack = function(text)
      if #text ~= 17 then return nil end
      local starts, used = unpack_from('<dd', text, 2)
      if not (is_amount(starts) and is_amount(used)) then return nil end
      return { starts = starts, used = used }
    end,
    pack = function(state) return pack('<c1dd', 'f', state.starts, state.used) end,
    at = function(policy, state)
      local now = math.max(state and state.starts or 0, batch.now)
      local starts = now - now % policy.window
      return { starts = starts, used = state and state.starts >= starts and state.used or 0 }
    end,
    used = function(_, state) return state.used end,
    add = function(_, state, permits)
      state.used = sum_to_max(state.used, permits)
      return state
    end,
    give_back = function(_, state, permits, taken_at)
      if taken_at >= state.starts then state.used = math.max(0, state.used - permits) end
      return state
    end,
    free_at = function(policy, state) return state.starts + policy.window end,
    ends_at = function(policy, state) return state.starts + policy.window end,
  }
end
function MAKE.s()
  local function still_of_before(policy, state)
    local covered = math.min(policy.window, state.starts + policy.window - batch.now)
    local quotient, rest = scaled(covered, state.before, policy.window)
    return quotient + (rest > 0 and 1 or 0)
  end
  local function when_down_to(left, count, ends, window)
    if left >= count then return ends - window end
    return ends - (scaled(left, window, count))
  end
  return {
    unpack = function(text)
      if #text ~= 25 then return nil end
      local starts, used, before = unpack_from('<ddd', text, 2)
      if not are_amounts(starts, used, before) then return nil end
      return { starts = starts, used = used, before = before }
    end,
    pack = function(state)
      return pack('<c1ddd', 's', state.starts, state.used, state.before)
    end,
    at = function(policy, state)
      local now = math.max(state and state.starts or 0, batch.now)
      local starts = now - now % policy.window
      if state and state.starts >= starts then
        return { starts = starts, used = state.used, before = state.before }
      end
      local is_next = state and state.starts >= starts - policy.window
      return { starts = starts, used = 0, before = is_next and state.used or 0 }
    end,
    used = function(policy, state) return sum_to_max(state.used, still_of_before(policy, state)) end,
    add = function(_, state, permits)
      state.used = sum_to_max(state.used, permits)
      return state
    end,
    give_back = function(policy, state, permits, taken_at)
      if taken_at >= state.starts then
        state.used = math.max(0, state.used - permits)
      elseif taken_at >= state.starts - policy.window then
        state.before = math.max(0, state.before - permits)
      end
      return state
    end,
    free_at = function(policy, state, excess)
      local left = sum_to_max(state.used, still_of_before(policy, state)) - excess
      local ends = state.starts + policy.window
      if left >= state.used then
        return when_down_to(left - state.used, state.before, ends, policy.window)
      end
      return when_down_to(left, state.used, ends + policy.window, policy.window)
    end,
    ends_at = function(policy, state)
      return state.starts + (state.used > 0 and 2 or 1) * policy.window
    end,
  }
end
function MAKE.l()
  local LOG_PAGE = 64
  local function log_entry(member)
    local at, permits = string.match(member, '^(%d+) (%d+)$')
    return tonumber(at) or 0, tonumber(permits) or 0
  end
  local function read_log(key)
    local found = redis.pcall('ZRANGE', key, '0', '0')
    local used, count, last, permits =
      string.match(found[1] or '', '^h (%d+) (%d+) (%d+) (%d+)$')
    if not used then return nil end
    local log = { key = key, head = found[1], gone_to = -1, stored = {}, changed = {} }
    log.used, log.count = tonumber(used), tonumber(count)
    log.last, log.last_permits = tonumber(last), tonumber(permits)
    log.stored[log.last] = log.last_permits
    return log
  end
  local function log_permits(log, at, permits)
    log.stored[at] = permits
    local changed = log.changed[at]
    if changed == nil then return permits end
    return changed or 0
  end
  local function find_last(log, at)
    log.last, log.last_permits = 0, 0
    if log.count == 0 then return end
    repeat
      local found = redis_call(
        'ZREVRANGEBYSCORE', log.key, '(' .. integer(at), '(' .. integer(log.gone_to), 'LIMIT', '0', '1'
      )
      if not found[1] then return end
      local permits
      at, permits = log_entry(found[1])
      log.last_permits = log_permits(log, at, permits)
    until log.last_permits > 0
    log.last = at
  end
  local function write_log(key, log)
    local added = {}
    if log.key and log.gone_to >= 0 then
      redis_call('ZREMRANGEBYSCORE', key, '0', integer(log.gone_to))
    end
    for at, permits in pairs(log.changed) do
      local stored = log.stored[at]
      if log.key and stored then redis_call('ZREM', key, integer(at) .. ' ' .. integer(stored)) end
      if permits then
        added[#added + 1] = integer(at)
        added[#added + 1] = integer(at) .. ' ' .. integer(permits)
      end
    end
    if log.head then redis_call('ZREM', key, log.head) end
    added[#added + 1] = '-1'
    added[#added + 1] = string.format(
      'h %.0f %.0f %.0f %.0f', log.used, log.count, log.last, log.last_permits
    )
    redis_call('ZADD', key, unpack(added))
  end
  return {
    read = read_log,
    write = write_log,
    at = function(policy, log)
      if not log then
        return { used = 0, count = 0, last = 0, last_permits = 0, gone_to = -1, stored = {}, changed = {} }
      end
      local gone_to = math.max(log.last, batch.now) - policy.window
      if log.key and gone_to > log.gone_to and gone_to >= 0 then
        local gone = redis_call(
          'ZRANGEBYSCORE', log.key, '(' .. integer(log.gone_to), integer(gone_to)
        )
        for _, member in ipairs(gone) do
          local permits = log_permits(log, log_entry(member))
          log.used = math.max(0, log.used - permits)
          if permits > 0 then log.count = log.count - 1 end
        end
        log.gone_to = gone_to
      end
      if log.count == 0 then log.last, log.last_permits, log.used = 0, 0, 0 end
      return log
    end,
    used = function(_, log) return log.used end,
    add = function(_, log, permits)
      local at = math.max(log.last, batch.now)
      local is_merged = log.count > 0 and (log.last == at or log.count >= LOG_MAX)
      if is_merged then
        if log.last ~= at then log.changed[log.last] = false end
        log.last_permits = sum_to_max(log.last_permits, permits)
      else
        log.count = log.count + 1
        log.last_permits = permits
      end
      log.last = at
      log.changed[at] = log.last_permits
      log.used = sum_to_max(log.used, permits)
      return log
    end,
    give_back = function(_, log, permits, taken_at)
      if log.count == 0 or taken_at <= log.gone_to then return log end
      local taken = taken_at == log.last and log.last_permits or log.changed[taken_at]
      if taken == nil and log.key then
        local at = integer(taken_at)
        local found = redis_call('ZRANGEBYSCORE', log.key, at, at)
        if found[1] then
          local _, stored = log_entry(found[1])
          taken = log_permits(log, taken_at, stored)
        end
      end
      if not taken or taken == 0 then return log end
      local left = math.max(0, taken - permits)
      log.changed[taken_at] = left > 0 and left
      log.used = math.max(0, log.used - (taken - left))
      if left == 0 then log.count = log.count - 1 end
      if taken_at == log.last then
        if left > 0 then log.last_permits = left else find_last(log, taken_at) end
      end
      return log
    end,
    free_at = function(policy, log, excess)
      local to_go, offset, page = excess, 0, {}
      repeat
        if log.key then
          page = redis_call(
            'ZRANGEBYSCORE', log.key, '(' .. integer(log.gone_to), '+inf',
            'LIMIT', integer(offset), integer(LOG_PAGE)
          )
        end
        for _, member in ipairs(page) do
          local at, permits = log_entry(member)
          to_go = to_go - log_permits(log, at, permits)
          if to_go <= 0 then return at + policy.window end
        end
        offset = offset + LOG_PAGE
      until #page < LOG_PAGE
      return log.last + policy.window
    end,
    ends_at = function(policy, log) return log.last + policy.window end,
  }
end
function MAKE.c()
  local function no_slots(slots)
    slots.used, slots.count, slots.next_at, slots.last_at = 0, 0, INSTANT_MAX, 0
    return slots
  end
  local function parse_slot(text)
    local permits, deadline = string.match(text, '^(%d+) (%d+)$')
    return permits and { permits = tonumber(permits), deadline = tonumber(deadline) } or false
  end
  local function read_slots(key)
    local text = redis.pcall('HGET', key, 'h')
    if type(text) ~= 'string' then return nil end
    local used, count, next_at, last_at = string.match(text, '^(%d+) (%d+) (%d+) (%d+)$')
    if not used then return nil end
    return {
      key = key,
      used = tonumber(used),
      count = tonumber(count),
      next_at = tonumber(next_at),
      last_at = tonumber(last_at),
      held = {},
    }
  end
  local function slot_of(slots, uuid)
    if slots.held[uuid] == nil then
      local text = slots.key and redis_call('HGET', slots.key, uuid)
      slots.held[uuid] = text and parse_slot(text) or false
    end
    return slots.held[uuid]
  end
  local function drop_slot(slots, uuid)
    local slot = slot_of(slots, uuid)
    if not slot then return false end
    slots.used = math.max(0, slots.used - slot.permits)
    slots.count = slots.count - 1
    slots.held[uuid] = false
    return true
  end
  local function hold_slot(slots, uuid, permits, deadline)
    drop_slot(slots, uuid)
    slots.used = sum_to_max(slots.used, permits)
    slots.count = slots.count + 1
    slots.held[uuid] = { permits = permits, deadline = deadline }
    slots.next_at = math.min(slots.next_at, deadline)
    slots.last_at = math.max(slots.last_at, deadline)
    return slots
  end
  local function write_slots(key, slots)
    local fields, gone = {}, {}
    for uuid, slot in pairs(slots.held) do
      if slot then
        fields[#fields + 1] = uuid
        fields[#fields + 1] = integer(slot.permits) .. ' ' .. integer(slot.deadline)
      elseif slots.key then
        gone[#gone + 1] = uuid
      end
    end
    for from = 1, #fields, 1000 do
      redis_call('HSET', key, unpack(fields, from, math.min(from + 999, #fields)))
    end
    for from = 1, #gone, 1000 do
      redis_call('HDEL', key, unpack(gone, from, math.min(from + 999, #gone)))
    end
    redis_call('HSET', key, 'h', string.format(
      '%.0f %.0f %.0f %.0f', slots.used, slots.count, slots.next_at, slots.last_at
    ))
  end
  return {
    read = read_slots,
    write = write_slots,
    drop = drop_slot,
    hold = hold_slot,
    at = function(_, slots)
      if not slots then return no_slots({ held = {} }) end
      if slots.next_at > batch.now then return slots end
      local fields = slots.key and redis_call('HGETALL', slots.key) or {}
      for index = 1, #fields, 2 do
        local uuid = fields[index]
        if uuid ~= 'h' and slots.held[uuid] == nil then
          slots.held[uuid] = parse_slot(fields[index + 1])
        end
      end
      local next_at, due = INSTANT_MAX, {}
      for uuid, slot in pairs(slots.held) do
        if slot and slot.deadline <= batch.now then
          due[#due + 1] = uuid
        elseif slot then
          next_at = math.min(next_at, slot.deadline)
        end
      end
      for _, uuid in ipairs(due) do drop_slot(slots, uuid) end
      slots.next_at = next_at
      if slots.count == 0 then no_slots(slots) end
      return slots
    end,
    used = function(_, slots) return slots.used end,
    add = function(_, slots, permits, uuid, deadline)
      return hold_slot(slots, uuid, permits, deadline)
    end,
    free_at = function(_, slots) return slots.next_at end,
    ends_at = function(_, slots) return slots.last_at end,
  }
end
local function limiter_at(place)
  local limiter = batch.limiters[place]
  if limiter then return limiter end
  local key = KEYS[before_limiters + place]
  limiter = { place = place, key = key, kind = nil, state = nil, is_changed = false }
  batch.limiters[place] = limiter
  return limiter
end
local stored_texts = before_limiters < #KEYS and redis_call('MGET', unpack(KEYS, before_limiters + 1))
local function read_packed(limiter, kind, counting)
  local text = stored_texts[limiter.place]
  if not text or string_sub(text, 1, 1) ~= kind then return nil end
  return counting.unpack(text)
end
local function state_of(limiter, kind, counting)
  if limiter.kind == kind then return limiter.state end
  if limiter.is_changed then return nil end
  limiter.kind = kind
  if counting.read then
    limiter.state = counting.read(limiter.key)
  else
    limiter.state = read_packed(limiter, kind, counting)
  end
  return limiter.state
end
local function keep_limiter(limiter, kind, state, ends_at)
  limiter.kind, limiter.state, limiter.ends_at = kind, state, ends_at
  if limiter.is_changed then return end
  limiter.is_changed = true
  batch.changed_limiters[#batch.changed_limiters + 1] = limiter
end
local function look_at(hit)
  local counting = hit.counting
  hit.state = counting.at(hit, state_of(hit.limiter, hit.kind, counting))
  hit.used = counting.used(hit, hit.state)
end
local function fits(hit, permits)
  if hit.kind == 'c' and hit.state.count >= SLOT_HOLDERS_MAX then return false end
  return math.max(1, permits) <= hit.limit - hit.used
end
local function ends_at(hit)
  if hit.used == 0 then return batch.now end
  return math.min(hit.counting.ends_at(hit, hit.state), INSTANT_MAX)
end
local function retry_at(hit, permits)
  if fits(hit, permits) then return batch.now end
  local wanted = math.max(1, permits)
  if wanted > hit.limit then return -1 end
  local room = hit.limit - hit.used
  return math.min(hit.counting.free_at(hit, hit.state, wanted - room), INSTANT_MAX)
end
local function pack_view(hit, admits, ends, retry)
  return pack('<HBdddd', hit.limiter.place, admits and 1 or 0, hit.limit, hit.used, ends, retry)
end
local function keep_hit(hit, state, retry)
  local used = hit.counting.used(hit, state)
  hit.state, hit.used = state, used
  local ends = ends_at(hit)
  if used == 0 then state = nil end
  keep_limiter(hit.limiter, hit.kind, state, ends)
  hit.view = pack_view(hit, true, ends, retry or retry_at(hit, 0))
end
local texts_of_ms = {}
local function text_of_ms(ms)
  local text = texts_of_ms[ms]
  if not text then
    text = integer(ms)
    texts_of_ms[ms] = text
  end
  return text
end
local function write_limiter(limiter)
  local key, state = limiter.key, limiter.state
  if not state then
    redis_call('DEL', key)
    return
  end
  local counting = counting_of(limiter.kind)
  if counting.write then
    if not state.key then redis_call('DEL', key) end
    counting.write(key, state)
  elseif batch.is_clock_given then
    redis_call('SET', key, counting.pack(state))
    return
  else
    redis_call('SET', key, counting.pack(state), 'PX', text_of_ms(math.max(1, limiter.ends_at - batch.now)))
    return
  end
  if batch.is_clock_given then return end
  redis_call('PEXPIRE', key, integer(math.max(1, limiter.ends_at - batch.now)))
end
local HIT_WORDS = 6
local function parse_hits(words, first, last)
  local hits, count = {}, 0
  for index = first, last, HIT_WORDS do
    count = count + 1
    hits[count] = {
      limiter = limiter_at(words[index]),
      kind = words[index + 1],
      counting = counting_of(words[index + 1]),
      limit = words[index + 2],
      permits = words[index + 3],
      window = words[index + 3],
      every = words[index + 4],
      wanted = words[index + 5],
      state = nil,
      used = nil,
      view = nil,
    }
  end
  return hits
end
local function ask_hits(hits)
  local is_admitted = true
  for index = 1, #hits do
    local hit = hits[index]
    look_at(hit)
    is_admitted = is_admitted and fits(hit, hit.wanted)
  end
  return is_admitted
end
local function take_hits(hits, uuid, deadline)
  for index = 1, #hits do
    local hit = hits[index]
    if hit.wanted > 0 then
      keep_hit(hit, hit.counting.add(hit, hit.state, hit.wanted, uuid, deadline), batch.now)
    end
  end
end
local function taken_from(made, from, limiter)
  local id, ends = string_sub(limiter.key, limiter_from), string.find(made, '\\n', from, true)
  while true do
    local first, last = string.find(made, id, from, true)
    if not first or first > ends then return 0 end
    local before = string_byte(made, first - 1)
    if (before == 10 or before == 44) and string_byte(made, last + 1) == 32 then
      local permits = tonumber(string.match(made, '^%d+', last + 2))
      if not permits then fail('DAMAGED', 'what a reservation took does not read back') end
      return permits
    end
    from = last
  end
end
local function charge_hits(hits, made, from)
  for _, hit in ipairs(hits) do
    look_at(hit)
    local more = hit.wanted - taken_from(made, from, hit.limiter)
    if more ~= 0 and hit.kind ~= 'c' then
      if more > 0 then
        keep_hit(hit, hit.counting.add(hit, hit.state, more))
      else
        keep_hit(hit, hit.counting.give_back(hit, hit.state, -more, (unpack_from('<d', made))))
      end
    else
      hit.view = pack_view(hit, true, ends_at(hit), retry_at(hit, 0))
    end
  end
end
local function view_of(hit)
  return hit.view or pack_view(hit, fits(hit, hit.wanted), ends_at(hit), retry_at(hit, hit.wanted))
end
local function tell_hits(hits)
  local texts, size = batch.answers, batch.answer_count
  for index = 1, #hits do texts[size + index] = view_of(hits[index]) end
  batch.answer_count = size + #hits
end
local function pack_hits(hits)
  local parts = {}
  for index, hit in ipairs(hits) do parts[index] = view_of(hit) end
  return table.concat(parts)
end
local made_slots
local function make_slots()
  local function parse_taken(line)
    local taken = {}
    for part in string.gmatch(line, '[^,]+') do
      local id, permits, kind = string.match(part, '^(%S+) (%d+) ([c-])$')
      if not id then fail('DAMAGED', 'what a reservation took does not read back') end
      taken[#taken + 1] = { id = id, permits = tonumber(permits), is_slot = kind == 'c' }
    end
    return taken
  end
  local function held_by(line)
    local holding, undeclared, places = {}, {}, {}
    for index = before_limiters + 1, #KEYS do
      places[string_sub(KEYS[index], limiter_from)] = index - before_limiters
    end
    for _, rate in ipairs(parse_taken(line)) do
      if rate.is_slot and rate.permits > 0 then
        rate.place = places[rate.id]
        holding[#holding + 1] = rate
        if not rate.place then undeclared[#undeclared + 1] = rate.id end
      end
    end
    if #undeclared > 0 then fail('LIMITERS', unpack(undeclared)) end
    return #holding > 0 and holding or nil
  end
  local function change_slots(holding, change_one)
    for _, rate in ipairs(holding) do
      local limiter, counting = limiter_at(rate.place), counting_of('c')
      local slots = counting.at(nil, state_of(limiter, 'c', counting))
      if change_one(slots, rate) then
        keep_limiter(limiter, 'c', slots.count > 0 and slots or nil, slots.last_at)
      end
    end
  end
  local function free_slots(holding, uuid)
    change_slots(holding, function(slots) return counting_of('c').drop(slots, uuid) end)
  end
  local function extend_slots(holding, uuid, deadline)
    change_slots(holding, function(slots, rate)
      return counting_of('c').hold(slots, uuid, rate.permits, deadline)
    end)
  end
  return { held_by = held_by, free = free_slots, extend = extend_slots }
end
local function held_slots()
  made_slots = made_slots or make_slots()
  return made_slots
end
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
local made_limiters
local function limiters()
  made_limiters = made_limiters or make_limiters()
  return made_limiters
end
local function make_known()
local function list_end_of(made, words, first, to)
  local from = CREATED_BYTES + 1
  for index = first, to do
    local account = account_at(words[index])
    if string.find(made, account, from, true) ~= from then return nil end
    from = from + #account + 1
    if string_byte(made, from - 1) ~= (index < to and 44 or 10) then return nil end
  end
  if string_byte(made, from) == 10 then return from - 1 end
  local slots = string.find(made, ' c', from, true)
  return (not slots or slots > string.find(made, '\\n', from, true)) and from - 1 or nil
end
local function known_made(id, created, words, first, to)
  local made = batch.records[id]
  if to < first or type(made) ~= 'string' or unpack_from('<d', made) ~= created then return nil end
  local list_end = list_end_of(made, words, first, to)
  if list_end then return made, list_end end
  return nil
end
local function common_leg(uuid, words, first, to)
  local common
  for index = first, to do
    local copy = copy_at(words[index], uuid)
    local leg = copy.head and leg_of(copy, uuid)
    if not leg or (common and leg ~= common) then return nil end
    common = leg
  end
  return common
end
local intervals = {}
local function tell_alike(id, made, list_end, before, leg, detail, words, first, to)
  local count, is_first = to - first + 1, not before.is_journaled
  for index = 1, count do intervals[index] = pack_interval(batch.copies[words[first + index - 1]]) end
  local event = pack_event(id, leg, is_first, count) .. table.concat(intervals, '', 1, count)
  push_event(event, detail, is_first and made or string_sub(made, CREATED_BYTES + 1, list_end - 1))
end
local settled, leases = { state = 's', is_journaled = true }, {}
local function settle_usual(words, at, last)
  local id, created, cost, first = words[at], words[at + 1], words[at + 2], at + 6
  local to = at + 5 + words[at + 5]
  if not words[at + 3] then return false end
  local made, list_end = known_made(id, created, words, first, to)
  if not made then return false end
  local uuid, copies = string_sub(id, -ID_BYTES), batch.copies
  local before = common_leg(uuid, words, first, to)
  if not before then return false end
  for index = first, to do
    if not sums_at_end(copies[words[index]], before, 's', cost) then return false end
  end
  local hits = to < last and limiters().parse_hits(words, to + 1, last)
  settled.amount, settled.spent, settled.deadline = before.amount, cost, before.deadline
  settled.is_dispatched = before.is_dispatched
  for index = first, to do
    local copy = copies[words[index]]
    put_sums(copy, sums_at_end(copy, before, 's', cost))
    close_leg(copy, uuid)
    leases[index - first + 1] = pack_lease(copy)
  end
  local ended, gone = batch.ended, batch.gone
  local size, count = #ended, to - first + 1
  local leases_text = table.concat(leases, '', 1, count)
  local ended_text = string_char(count) .. leases_text .. pack_end(settled) .. made
  ended[size + 1], ended[size + 2] = id, ended_text
  gone[#gone + 1] = id
  batch.records[id] = { text = ended_text }
  tell_alike(id, made, list_end, before, settled, words[at + 4], words, first, to)
  local more, hold = cost - before.spent, held(before)
  local overage = more > hold and more - hold or 0
  tell_done(IS_TOLD, overage, created, settled, words, first, to, hits and #hits or 0)
  if hits then
    limiters().charge_hits(hits, made, list_end + 1)
    limiters().tell_hits(hits)
  end
  return true
end
local function extended(leg, words, at)
  local deadline, is_dispatched = math.min(batch.now + words[at + 3], INSTANT_MAX), words[at + 4]
  local next_leg = leg_with(leg, 'o', leg.spent, leg.is_journaled)
  next_leg.amount = math.max(leg.amount, words[at + 2])
  if not is_dispatched or leg.is_dispatched then
    next_leg.deadline = math.max(leg.deadline, deadline)
  else
    next_leg.deadline = deadline
  end
  next_leg.is_dispatched = leg.is_dispatched or is_dispatched
  return next_leg
end
local function is_same_life(leg, other)
  return leg.amount == other.amount
    and leg.deadline == other.deadline
    and leg.is_dispatched == other.is_dispatched
end
local function extend_usual(words, at)
  local id, created, first, to = words[at], words[at + 1], at + 6, at + 5 + words[at + 5]
  local made, list_end = known_made(id, created, words, first, to)
  if not made then return false end
  local uuid, copies = string_sub(id, -ID_BYTES), batch.copies
  local before = common_leg(uuid, words, first, to)
  if not before then return false end
  local leg = extended(before, words, at)
  local more = held(leg) - held(before)
  if is_same_life(leg, before) then return false end
  for index = first, to do
    local copy = copies[words[index]]
    local sum = copy.settled + copy.reserved + more
    if sum > AMOUNT_MAX or shortfall(copy, more) > 0 then return false end
  end
  local is_news = leg.amount ~= before.amount or leg.is_dispatched ~= before.is_dispatched
  local is_told = is_news and (leg.is_dispatched or leg.spent > 0)
  leg.is_journaled = before.is_journaled or is_told
  local packed = pack_leg(leg)
  for index = first, to do
    local copy = copies[words[index]]
    if more > 0 then put_sums(copy, copy.settled, copy.reserved + more) else touch(copy) end
    open_leg(copy, uuid, packed, leg.deadline)
  end
  if is_told then tell_alike(id, made, list_end, before, leg, 'null', words, first, to) end
  tell_done(is_told and IS_TOLD or 0, 0, created, leg, words, first, to, 0)
  return true
end
  return { settle = settle_usual, extend = extend_usual, extended = extended, is_same_life = is_same_life }
end
local made_known
local function on_known()
  made_known = made_known or make_known()
  return made_known
end
local function make_general()
local NOT_ALIKE = 128
local function read_made(record)
  local made = record.made
  local list_end = string.find(made, '\\n', CREATED_BYTES + 1, true)
  if not list_end then fail('DAMAGED', 'a record does not read back') end
  record.list_end = list_end
  local list = string_sub(made, CREATED_BYTES + 1, list_end - 1)
  if not string.find(list, ',', 1, true) then
    record.accounts = { list }
    return
  end
  record.accounts = {}
  for account in string.gmatch(list, '[^,]+') do record.accounts[#record.accounts + 1] = account end
end
local function taken_by(record)
  local from = record.list_end + 1
  if string_byte(record.made, from) == 10 then return '' end
  return string.match(record.made, '^[^\\n]*', from)
end
local function fingerprint_in(text, from)
  return string.match(text, '^[^\\n]*\\n([^\\n]*)', from)
end
local function created_of(record)
  return (unpack_from('<d', record.made))
end
local function new_record(id, rest, accounts)
  local made = batch.now_text .. rest
  local list_end = string.find(made, '\\n', CREATED_BYTES + 1, true)
  return {
    id = id,
    uuid = string_sub(id, -ID_BYTES),
    made = made,
    list_end = list_end,
    accounts = accounts,
    is_open = false,
  }
end
local function keep_legs(record, accounts, legs, leases)
  record.legs, record.leases = {}, {}
  for index, account in ipairs(accounts) do
    record.legs[account], record.leases[account] = legs[index], leases[index]
  end
end
local function parse_legs(record, text)
  local count, leases, legs, at = string_byte(text), {}, {}, 2
  local are_alike = count < NOT_ALIKE
  if not are_alike then count = count - NOT_ALIKE end
  for index = 1, count do
    local last = at + string_byte(text, at)
    leases[index] = string_sub(text, at, last)
    at = last + 1
  end
  for index = 1, count do
    if index > 1 and are_alike then
      legs[index] = legs[1]
    else
      local state, amount, spent, deadline, flags
      state, amount, spent, deadline, flags, at = unpack_from('<c1dddB', text, at)
      legs[index] = make_leg(state, amount, spent, deadline, flags)
    end
  end
  record.made = string_sub(text, at)
  return legs, leases
end
local function parse_record(id, known)
  local is_open = type(known) == 'string'
  local text = is_open and known or known.text
  local record = { id = id, uuid = string_sub(id, -ID_BYTES), made = text, is_open = is_open }
  if #text <= CREATED_BYTES then fail('DAMAGED', 'a record does not read back') end
  if is_open then
    read_made(record)
    return record
  end
  local is_read, legs, leases = pcall(parse_legs, record, text)
  if not is_read then fail('DAMAGED', 'a tombstone does not read back') end
  read_made(record)
  if #legs ~= #record.accounts then fail('DAMAGED', 'a tombstone does not read back') end
  keep_legs(record, record.accounts, legs, leases)
  return record
end
local function set_accounts(record, accounts)
  local made = record.made
  local list = table.concat(accounts, ',')
  record.made = string_sub(made, 1, CREATED_BYTES) .. list .. string_sub(made, record.list_end)
  record.list_end = CREATED_BYTES + #list + 1
  record.accounts = accounts
end
local function pack_record(record)
  if record.is_open then return record.made end
  local accounts, leases, legs = record.accounts, {}, {}
  local are_alike = true
  for index, account in ipairs(accounts) do
    leases[index], legs[index] = record.leases[account], pack_end(record.legs[account])
    are_alike = are_alike and legs[index] == legs[1]
  end
  local count = string_char(#accounts + (are_alike and 0 or NOT_ALIKE))
  return count .. table.concat(leases) .. (are_alike and legs[1] or table.concat(legs)) .. record.made
end
local function record_of(id)
  local record = batch.records[id]
  if record == nil then
    local wrong = load_records({ id })
    if wrong then fail('WRONGTYPE', wrong) end
    record = batch.records[id]
  end
  if record and (type(record) == 'string' or record.text) then
    record = parse_record(id, record)
    batch.records[id] = record
  end
  return record
end
local function mark_changed(record)
  batch.records[record.id] = record
  if record.is_changed then return end
  record.is_changed = true
  batch.changed[#batch.changed + 1] = record
end
local places
local function place_of(account)
  if not places then
    places = {}
    for place = 1, before_limiters - BEFORE_COPIES do places[account_at(place)] = place end
  end
  return places[account]
end
local function copy_of(account, uuid)
  local place = place_of(account)
  if not place then fail('WIDEN', account) end
  return copy_at(place, uuid)
end
local function require_declared(record)
  local undeclared
  for _, account in ipairs(record.accounts) do
    if not place_of(account) then
      undeclared = undeclared or {}
      undeclared[#undeclared + 1] = account
    end
  end
  if undeclared then fail('WIDEN', unpack(undeclared)) end
end
local function find(id)
  local record = record_of(id)
  if not record then return nil end
  require_declared(record)
  local accounts, legs, count = {}, {}, 0
  for _, account in ipairs(record.accounts) do
    local copy = copy_of(account, record.uuid)
    local leg
    if copy.head and record.is_open then
      leg = leg_of(copy, record.uuid)
    elseif copy.head and record.leases[account] == pack_lease(copy) then
      leg = record.legs[account]
    end
    if leg then
      count = count + 1
      accounts[count], legs[count] = account, leg
    end
  end
  return record, accounts, legs
end
local function put_leg(copy, uuid, leg)
  touch(copy)
  if leg.state == 'o' then
    open_leg(copy, uuid, pack_leg(leg), leg.deadline)
  else
    close_leg(copy, uuid)
  end
end
local ANSWER = {
  done = string_char(1),
  short = string_char(2),
  missing = string_char(3),
  unknown = string_char(4),
  period = string_char(5),
  rejected = string_char(6),
  swept = string_char(7),
  prepared = string_char(8),
  busy = string_char(9),
  copy = string_char(10),
  none = string_char(11),
  found = string_char(12),
  WIDEN = string_char(13),
  LIMITERS = string_char(14),
  WRONGTYPE = string_char(15),
  DAMAGED = string_char(16),
}
local function text_answer(status, texts)
  local answer = ANSWER[status] .. pack('<H', #texts)
  for _, text in ipairs(texts) do answer = answer .. pack('<H', #text) .. text end
  return answer
end
local function number_answer(status, number)
  return ANSWER[status] .. pack('<d', number)
end
local function pack_copies(accounts)
  local parts, size = {}, 0
  for _, account in ipairs(accounts) do size = push_copy(parts, size, copy_of(account)) end
  return table.concat(parts)
end
local function copy_answer(copy)
  if not copy then return ANSWER.none end
  local parts = { ANSWER.copy }
  push_copy(parts, 1, copy)
  return table.concat(parts)
end
local function pack_found(record, legs, is_made_known)
  local first = legs[1]
  local made = is_made_known and string_sub(record.made, 1, CREATED_BYTES) or record.made
  if not first then return pack('<I4c0c1dddB', #made, made, 'r', 0, 0, 0, 0) end
  local amount, spent = first.amount, first.spent
  for index = 2, #legs do
    amount = math.max(amount, legs[index].amount)
    spent = math.max(spent, legs[index].spent)
  end
  local flags = leg_flags(first)
  return pack('<I4', #made)
    .. made
    .. pack('<c1dddB', first.state, amount, spent, first.deadline, flags)
end
local function done_answer(flags, overage, record, accounts, legs, is_made_known, hits)
  return ANSWER.done
    .. pack('<BdBB', flags, overage, #accounts, hits and #hits or 0)
    .. pack_found(record, legs, is_made_known)
    .. pack_copies(accounts)
    .. (hits and limiters().pack_hits(hits) or '')
end
local function untell()
  for _, copy in pairs(batch.copies) do copy.is_told = false end
end
local function tell_failure(failure, answer_count)
  if type(failure) ~= 'table' or failure.err then error(failure, 0) end
  untell()
  batch.answers[answer_count + 1] = text_answer(table.remove(failure, 1), failure)
  batch.answer_count = answer_count + 1
end
local function tell(record, accounts, legs, detail, is_first)
  local event = pack_event(record.id, legs[1], is_first, #accounts)
  for _, account in ipairs(accounts) do event = event .. pack_interval(copy_of(account)) end
  push_event(event, detail, is_first and record.made or table.concat(accounts, ','))
end
local function are_same(a, b)
  if #a ~= #b then return false end
  for index = 1, #a do
    if a[index] ~= b[index] then return false end
  end
  return true
end
local function store(record, accounts, legs, is_journaled)
  local was_open, is_still_open = record.is_open, legs[1].state == 'o'
  local is_moved = not are_same(accounts, record.accounts)
  if not is_still_open or not was_open or is_moved then mark_changed(record) end
  for index, account in ipairs(accounts) do
    local leg = legs[index]
    if leg.is_journaled ~= is_journaled then
      leg = leg_with(leg, leg.state, leg.spent, is_journaled)
      legs[index] = leg
    end
    if is_still_open or was_open then put_leg(copy_of(account), record.uuid, leg) end
  end
  if is_moved then set_accounts(record, accounts) end
  record.is_open = is_still_open
  record.legs, record.leases = nil, nil
  if is_still_open then return end
  local leases = {}
  for index, account in ipairs(accounts) do leases[index] = pack_lease(copy_of(account)) end
  keep_legs(record, accounts, legs, leases)
end
local function keep(record, accounts, legs, before, detail)
  local leg = legs[1]
  local is_journaled = before ~= nil and before.is_journaled
  local is_news = before == nil
    or leg.state ~= before.state
    or leg.spent ~= before.spent
    or leg.amount ~= before.amount
    or leg.is_dispatched ~= before.is_dispatched
  local is_told = is_news and (leg.state ~= 'o' or leg.is_dispatched or leg.spent > 0)
  store(record, accounts, legs, is_journaled or is_told)
  if is_told then tell(record, accounts, legs, detail, not is_journaled) end
  return is_told
end
local function short_answer(accounts, steps, hits)
  local parts, count = {}, 0
  for index, step in ipairs(steps) do
    if step.missing then
      count = count + 1
      parts[count] = pack('<Hd', place_of(accounts[index]), step.missing)
    end
  end
  return ANSWER.short
    .. string_char(count, hits and #hits or 0, #accounts)
    .. table.concat(parts)
    .. pack_copies(accounts)
    .. (hits and limiters().pack_hits(hits) or '')
end
local function refusal(accounts, steps, rates)
  local is_outside, is_short = false, false
  for _, step in ipairs(steps) do
    if step.code then return text_answer('rejected', { step.code }) end
    is_outside = is_outside or step.is_outside
    is_short = is_short or step.missing
  end
  if is_outside then return ANSWER.period end
  local is_asked = rates and rates.is_asked
  local is_refused = is_asked and not limiters().ask_hits(rates.hits)
  if not is_short and not is_refused then return nil end
  return short_answer(accounts, steps, is_asked and rates.hits)
end
local function conclude(record, accounts, steps, before, detail, rates, is_made_known)
  local refused = refusal(accounts, steps, rates)
  if refused then return refused end
  local legs = {}
  local overage, is_late, is_replayed = 0, false, true
  for index, step in ipairs(steps) do
    legs[index] = step.leg
    if step.overage and step.overage > overage then overage = step.overage end
    is_late = is_late or step.is_late
    is_replayed = is_replayed and step.is_replayed
    if step.settled then put_sums(copy_of(accounts[index]), step.settled, step.reserved) end
  end
  local is_told = not is_replayed and keep(record, accounts, legs, before, detail)
  local is_shown = rates and rates.finish(legs[1], is_replayed)
  local flags = (is_replayed and 1 or 0) + (is_late and 2 or 0) + (is_told and 4 or 0)
  local shown = is_shown and rates.hits or nil
  return done_answer(flags, overage, record, accounts, legs, is_made_known, shown)
end
local function end_leg(copy, leg, state, spent, is_settlement)
  local settled, reserved, hold = sums_at_end(copy, leg, state, spent)
  if not settled then return { code = 'amount_out_of_range' } end
  local change = spent - leg.spent
  return {
    leg = leg_with(leg, state, spent, leg.is_journaled),
    settled = settled,
    reserved = reserved,
    overage = is_settlement and change > hold and change - hold or 0,
    is_late = is_settlement and leg.state ~= 'o',
  }
end
local function change(record, accounts, legs, created, step, words, at, detail, rates)
  local steps = {}
  for index, account in ipairs(accounts) do
    steps[index] = step(copy_of(account), legs[index], words, at)
  end
  local is_made_known = created == created_of(record)
  return conclude(record, accounts, steps, legs[1], detail, rates, is_made_known)
end
local function slots_held(record)
  local taken = taken_by(record)
  return string.find(taken, ' c', 1, true) and limiters().slots().held_by(taken) or nil
end
local function rates_at_end(record, hits)
  local holding = slots_held(record)
  if not holding and not hits then return nil end
  return {
    hits = hits,
    finish = function(_, is_replayed)
      if is_replayed then return false end
      if holding then limiters().slots().free(holding, record.uuid) end
      if hits then limiters().charge_hits(hits, record.made, record.list_end + 1) end
      return hits
    end,
  }
end
local rare, made_rare
local function make_rare()
local function is_before(a, b)
  for index = 1, math.min(#a, #b) do
    local left, right = string_byte(a, index), string_byte(b, index)
    if left ~= right then return left < right end
  end
  return #a < #b
end
local function lease_of(copy)
  return string_sub(copy.head, #LABEL + 34)
end
local function forget_head(copy)
  copy.limit, copy.is_outside, copy.lease, copy.interval = nil, nil, nil, nil
  copy.is_told = false
end
local function set_lease(copy, lease, drawn, returned, starts, ends)
  forget_head(copy)
  copy.head = LABEL .. pack('<ddddBc0', drawn, returned, starts, ends, #lease, lease)
  copy.is_head_changed = true
end
local function set_elsewhere(copy, elsewhere)
  forget_head(copy)
  copy.elsewhere = elsewhere
  copy.is_elsewhere_changed = true
end
local function replace_copy(old, copy)
  copy.is_leftover = old.is_stored or old.is_leftover
  copy.was_due = old.was_due or old.is_due_changed or old.next_due < math.huge
  batch.copies[copy.place] = copy
  if old.is_touched then
    for index, touched in ipairs(batch.touched) do
      if touched == old then batch.touched[index] = copy end
    end
    copy.is_touched = true
  else
    touch(copy)
  end
end
local function scan(copy)
  if copy.is_scanned or not copy.is_stored then return end
  local fields = redis_call('HGETALL', key_of(copy))
  for index = 1, #fields, 2 do
    local uuid = fields[index]
    if #uuid == ID_BYTES and copy.legs[uuid] == nil then
      copy.legs[uuid] = fields[index + 1]
    end
  end
  copy.is_scanned = true
end
local function is_open(copy)
  for _, leg in pairs(copy.legs) do
    if leg then return true end
  end
  if not copy.is_stored then return false end
  local count, is_counted = redis_call('HLEN', key_of(copy)) - META_FIELDS, {}
  for _, uuid in ipairs(copy.changed_legs or { copy.changed_leg }) do
    if not is_counted[uuid] then count = count - redis_call('HEXISTS', key_of(copy), uuid) end
    is_counted[uuid] = true
  end
  return count > 0
end
local function write_copy(copy)
  local key = key_of(copy)
  if copy.is_leftover then redis_call('DEL', key) end
  if not copy.head then
    if copy.ticket then
      local place = INC .. ' ' .. integer(copy.ticket) .. ' ' .. integer(copy.placed)
      redis_call('HSET', key, 't', place)
    end
    return
  end
  local is_new = not copy.is_stored
  local fields = { 's', pack_sums(copy) }
  if is_new or copy.is_head_changed then
    fields[3], fields[4] = 'h', copy.head
  end
  local size = #fields
  if is_new or copy.is_elsewhere_changed then
    fields[size + 1], fields[size + 2] = 'e', copy.elsewhere
  end
  write_legs(copy, fields)
end
local function found_answer(record, accounts, legs)
  local parts = { ANSWER.found, pack_found(record, legs, false), string_char(#accounts) }
  for index, account in ipairs(accounts) do
    parts[index + 3] = pack('<H', place_of(account)) .. pack_lease(copy_of(account))
  end
  return table.concat(parts)
end
local function expire_leg(copy, leg)
  if leg.state ~= 'o' or batch.now < leg.deadline then return { leg = leg, is_replayed = true } end
  local spent = leg.is_dispatched and math.max(leg.spent, leg.amount) or leg.spent
  return end_leg(copy, leg, 'e', spent, false)
end
local function expire(words, at)
  local record, accounts, legs = find(words[at])
  if not (record and legs[1]) then return ANSWER.unknown end
  return change(record, accounts, legs, nil, expire_leg, words, at, 'null')
end
local function is_earlier(a, b)
  if a.deadline ~= b.deadline then return a.deadline < b.deadline end
  return is_before(a.id, b.id)
end
local function due_of(accounts, limit)
  local due, is_listed = {}, {}
  for _, account in ipairs(accounts) do
    local copy = copy_of(account)
    if copy.head and copy.next_due <= batch.now then
      scan(copy)
      copy.is_swept = true
      local tenant = string.match(account, '^[^/]+/')
      for uuid, text in pairs(copy.legs) do
        local id, deadline = tenant .. uuid, text and parse_open_leg(text).deadline
        if deadline and deadline <= batch.now and not is_listed[id] then
          is_listed[id] = true
          due[#due + 1] = { id = id, deadline = deadline }
        end
      end
    end
  end
  table.sort(due, is_earlier)
  local ids, undeclared = {}, {}
  for index = 1, math.min(limit, #due) do
    local record = record_of(due[index].id)
    if not record then fail('DAMAGED', 'a leg without its record') end
    ids[index] = due[index].id
    for _, account in ipairs(record.accounts) do
      if not place_of(account) then undeclared[#undeclared + 1] = account end
    end
  end
  if #undeclared > 0 then fail('WIDEN', unpack(undeclared)) end
  return ids
end
local function end_due(accounts, ids)
  for index = 1, #ids do expire(ids, index) end
  if #ids > 0 then untell() end
  for _, account in ipairs(accounts) do
    local copy = copy_of(account)
    if copy.is_swept then
      copy.is_swept = false
      local next_due = math.huge
      for _, text in pairs(copy.legs) do
        if text then next_due = math.min(next_due, parse_open_leg(text).deadline) end
      end
      if next_due ~= copy.next_due then
        touch(copy)
        copy.next_due = next_due
        copy.is_due_changed = true
      end
    end
  end
end
local function sweep(words, at)
  local account = account_at(words[at])
  if not copy_of(account).head then batch.not_due[#batch.not_due + 1] = account end
  local ids = due_of({ account }, words[at + 1])
  end_due({ account }, ids)
  return number_answer('swept', #ids)
end
local RESERVE_REFUSED = {
  r = 'reservation_already_released',
  e = 'reservation_expired',
  s = 'reservation_already_settled',
}
local function repeated(id, rest, hits)
  local record, accounts, legs = find(id)
  if not legs[1] then return ANSWER.unknown end
  local fingerprint = fingerprint_in(record.made, record.list_end + 1)
  if fingerprint ~= fingerprint_in(rest, string.find(rest, '\\n', 1, true) + 1) then
    return text_answer('rejected', { 'idempotency_key_reused' })
  end
  local steps = {}
  for index, leg in ipairs(legs) do
    steps[index] = leg.state == 'o' and { leg = leg, is_replayed = true }
      or { code = RESERVE_REFUSED[leg.state] }
  end
  return conclude(record, accounts, steps, legs[1], 'null', hits and {
    hits = hits,
    finish = function()
      limiters().ask_hits(hits)
      return true
    end,
  })
end
local function prepare(words, at)
  local copy = copy_at(words[at])
  if copy.head then return copy_answer(copy) end
  local above = words[at + 1]
  if copy.ticket and above < copy.ticket and batch.now < copy.placed + PLACE_MS then
    return number_answer('busy', copy.placed + PLACE_MS - batch.now)
  end
  copy.ticket = math.max(copy.ticket or 0, above) + 1
  copy.placed = batch.now
  touch(copy)
  return number_answer('prepared', copy.ticket)
end
local function install(words, at)
  local current, ticket, lease = copy_at(words[at]), words[at + 1], words[at + 2]
  if current.head then return copy_answer(lease_of(current) == lease and current) end
  if current.ticket ~= ticket then return copy_answer(nil) end
  local copy = absent_copy(current.place)
  copy.settled = 0
  copy.reserved = 0
  copy.sequence = words[at + 6]
  set_elsewhere(copy, words[at + 7])
  set_lease(copy, lease, words[at + 5], 0, words[at + 3], words[at + 4])
  replace_copy(current, copy)
  return copy_answer(copy)
end
local function apply(words, at)
  local copy, lease = copy_at(words[at]), words[at + 1]
  if not copy.head or lease_of(copy) ~= lease then return copy_answer(nil) end
  local drawn, returned, starts, ends = standing_of(copy)
  set_lease(copy, lease, math.max(drawn, words[at + 2]), returned, starts, ends)
  set_elsewhere(copy, words[at + 3])
  touch(copy)
  return copy_answer(copy)
end
local function recall(words, at)
  local copy = copy_at(words[at])
  if not copy.head or lease_of(copy) ~= words[at + 1] then return copy_answer(nil) end
  local drawn, returned, starts, ends = standing_of(copy)
  local room = math.max(0, drawn - (returned + copy.settled + copy.reserved))
  set_lease(copy, words[at + 1], drawn, returned + room, starts, ends)
  copy.sequence = copy.sequence + 1
  local answer = copy_answer(copy)
  if words[at + 2] and not is_open(copy) then
    replace_copy(copy, absent_copy(copy.place))
  else
    touch(copy)
  end
  return answer
end
local RANK = { r = 0, e = 1, s = 2 }
local function is_overtaken(leg, state, spent)
  if leg.state == 'o' or (state == 'r' and spent == 0) then return false end
  local ahead = RANK[leg.state] - RANK[state]
  return ahead > 0 or (ahead == 0 and state ~= 's' and spent < leg.spent)
end
local function put_right(copy, leg, state, spent, shown)
  if leg and is_overtaken(leg, state, spent) then return leg end
  local now = leg
    or {
      amount = 0,
      spent = shown,
      deadline = 0,
      is_dispatched = true,
    }
  local more = spent - now.spent
  if not leg or leg.state == 'o' or more ~= 0 then
    local hold = leg and held(leg) or 0
    if copy.reserved < hold then fail('DAMAGED', 'a copy holds less than its legs') end
    put_sums(copy, copy.settled + more, copy.reserved - hold)
  end
  return leg_with(now, state, spent, now.is_journaled)
end
local function by_account(a, b)
  return is_before(a.account, b.account)
end
local function correct(words, at, last)
  local id, first = words[at], at + 1
  if first > last then return ANSWER.unknown end
  local record, its_accounts, its_legs = find(id)
  its_accounts = its_accounts or {}
  local slots = record and slots_held(record)
  local known = {}
  for index, account in ipairs(its_accounts) do known[account] = its_legs[index] end
  for index = first, last, 5 do copy_at(words[index]) end
  local parts, is_named = {}, {}
  for index = first, last, 5 do
    local account, state = account_at(words[index]), words[index + 2]
    local copy, spent, shown = copy_of(account), words[index + 3], words[index + 4]
    local is_relevant = known[account] or spent ~= shown
    if copy.head and lease_of(copy) == words[index + 1] and is_relevant then
      parts[#parts + 1] = { account = account, leg = put_right(copy, known[account], state, spent, shown) }
      is_named[account] = true
    end
  end
  for index, account in ipairs(its_accounts) do
    local leg = its_legs[index]
    if leg.state == 'o' and not is_named[account] then
      local ended = put_right(copy_of(account), leg, words[first + 2], words[first + 3], 0)
      parts[#parts + 1] = { account = account, leg = ended }
      is_named[account] = true
    end
  end
  if #parts == 0 then return ANSWER.unknown end
  for index, account in ipairs(its_accounts) do
    if not is_named[account] then parts[#parts + 1] = { account = account, leg = its_legs[index] } end
  end
  table.sort(parts, by_account)
  local accounts, legs = {}, {}
  for index, part in ipairs(parts) do accounts[index], legs[index] = part.account, part.leg end
  record = record or new_record(id, table.concat(accounts, ',') .. '\\n\\n\\nnull', accounts)
  store(record, accounts, legs, true)
  if slots then limiters().slots().free(slots, record.uuid) end
  return found_answer(record, accounts, legs)
end
local function read(words, at)
  local copy = copy_at(words[at])
  return copy_answer(copy.head and copy)
end
local function look_up(words, at)
  local record, accounts, legs = find(words[at])
  if not record then return ANSWER.unknown end
  return found_answer(record, accounts, legs)
end
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
local EXTEND_REFUSED = {
  r = 'reservation_already_released',
  e = 'reservation_expired',
  s = 'reservation_already_settled',
}
local function extend_leg(copy, leg, words, at)
  if leg.state ~= 'o' then return { code = EXTEND_REFUSED[leg.state] } end
  local next_leg = on_known().extended(leg, words, at)
  local more = held(next_leg) - held(leg)
  if copy.settled + copy.reserved + more > AMOUNT_MAX then return { code = 'amount_out_of_range' } end
  local missing = shortfall(copy, more)
  if missing > 0 then return { missing = missing } end
  if more > 0 then
    return { leg = next_leg, settled = copy.settled, reserved = copy.reserved + more }
  end
  return { leg = next_leg, is_replayed = on_known().is_same_life(next_leg, leg) }
end
local function extend(words, at)
  local record, accounts, legs = find(words[at])
  if not (record and legs[1]) then return ANSWER.unknown end
  local slots = slots_held(record)
  return change(record, accounts, legs, words[at + 1], extend_leg, words, at, 'null', slots and {
    finish = function(leg, is_replayed)
      if not is_replayed then limiters().slots().extend(slots, record.uuid, leg.deadline) end
      return false
    end,
  })
end
local function settle_leg(copy, leg, words, at)
  local cost, is_final = words[at + 2], words[at + 3]
  if leg.state == 's' then
    local agrees = cost == leg.spent or (not is_final and cost < leg.spent)
    if agrees then return { leg = leg, is_replayed = true } end
    return { code = 'reservation_already_settled' }
  end
  if is_final then return end_leg(copy, leg, 's', cost, true) end
  if cost <= leg.spent then return { leg = leg, is_replayed = true } end
  return end_leg(copy, leg, leg.state, cost, true)
end
local function settle(words, at, last)
  local record, accounts, legs = find(words[at])
  if not (record and legs[1]) then return ANSWER.unknown end
  local rates
  if words[at + 3] then
    local first = at + 6 + words[at + 5]
    local hits = first <= last and limiters().parse_hits(words, first, last) or nil
    rates = rates_at_end(record, hits)
  end
  return change(record, accounts, legs, words[at + 1], settle_leg, words, at, words[at + 4], rates)
end
local function release_leg(copy, leg)
  if leg.state == 'o' then return end_leg(copy, leg, 'r', leg.spent, false) end
  if leg.state == 'r' then return { leg = leg, is_replayed = true } end
  return { code = leg.state == 'e' and 'reservation_expired' or 'reservation_already_settled' }
end
local function release(words, at)
  local record, accounts, legs = find(words[at])
  if not (record and legs[1]) then return ANSWER.unknown end
  local rates = rates_at_end(record)
  return change(record, accounts, legs, words[at + 1], release_leg, words, at, words[at + 2], rates)
end
local function new_leg(amount, deadline)
  return {
    state = 'o',
    amount = amount,
    spent = 0,
    deadline = deadline,
    is_dispatched = false,
    is_journaled = false,
  }
end
local function admit(copy, amount, deadline)
  local refused, value = refusal_of(copy, amount)
  if refused then return { [refused] = value } end
  local leg = new_leg(amount, deadline)
  return { leg = leg, settled = copy.settled, reserved = copy.reserved + amount }
end
local function parse_places(words, at, last)
  local accounts, count = {}, words[at]
  for index = 1, count do accounts[index] = account_at(words[at + index]) end
  local first = at + count + 1
  return accounts, first <= last and limiters().parse_hits(words, first, last) or nil
end
local function is_any_due(accounts)
  for _, account in ipairs(accounts) do
    if copy_of(account).next_due <= batch.now then return true end
  end
  return false
end
local function reserve(words, at, last)
  local id, amount, rest = words[at], words[at + 1], words[at + 3]
  local deadline = math.min(batch.now + words[at + 2], INSTANT_MAX)
  local accounts, hits = parse_places(words, at + 4, last)
  local known = find(id)
  local missing
  for _, account in ipairs(accounts) do
    if not copy_of(account, known and known.uuid).head then
      missing = missing or {}
      missing[#missing + 1] = account
    end
  end
  if not known and missing then return text_answer('missing', missing) end
  if is_any_due(accounts) then rare().end_due(accounts, rare().due_of(accounts, LAZY_EXPIRY_MAX)) end
  if known then return rare().repeated(id, rest, hits) end
  local record = new_record(id, rest, accounts)
  local steps = {}
  for index, account in ipairs(accounts) do
    local copy = copy_of(account)
    copy.legs[record.uuid] = false
    steps[index] = admit(copy, amount, deadline)
  end
  return conclude(record, accounts, steps, nil, 'null', hits and {
    hits = hits,
    is_asked = true,
    finish = function()
      limiters().take_hits(hits, record.uuid, deadline)
      return true
    end,
  }, true)
end
  return {
    commands = { reserve = reserve, extend = extend, settle = settle, release = release },
    rare = rare,
    pack_record = pack_record,
    tell_failure = tell_failure,
  }
end
local made_general
local function general()
  if not made_general then made_general = make_general() end
  return made_general
end
local new = { state = 'o', spent = 0, is_dispatched = false, is_journaled = false }
local function reserve_usual(words, at, last)
  local id, amount, to = words[at], words[at + 1], at + 4 + words[at + 4]
  if batch.records[id] ~= false then return false end
  local first, now, copies, uuid = at + 5, batch.now, batch.copies, string_sub(id, -ID_BYTES)
  for index = first, to do
    local copy = copy_at(words[index], uuid, true)
    if not copy.head or copy.next_due <= now or refusal_of(copy, amount) then return false end
  end
  local hits
  if to < last then
    hits = limiters().parse_hits(words, to + 1, last)
    if not limiters().ask_hits(hits) then return false end
  end
  local made = batch.now_text .. words[at + 3]
  local deadline = math.min(now + words[at + 2], INSTANT_MAX)
  new.amount, new.deadline = amount, deadline
  local packed = pack_leg(new)
  for index = first, to do
    local copy = copies[words[index]]
    put_sums(copy, copy.settled, copy.reserved + amount)
    open_leg(copy, uuid, packed, deadline)
  end
  local open = batch.open
  local size = #open
  open[size + 1], open[size + 2] = id, made
  batch.records[id] = made
  tell_done(0, 0, now, new, words, first, to, hits and #hits or 0)
  if hits then
    limiters().take_hits(hits, uuid, deadline)
    limiters().tell_hits(hits)
  end
  return true
end
local function decide(kind, words, at, last)
  if kind == 'reserve' then
    if reserve_usual(words, at, last) then return end
  elseif kind == 'settle' then
    if on_known().settle(words, at, last) then return end
  elseif kind == 'extend' then
    if on_known().extend(words, at) then return end
  end
  local answer = (general().commands[kind] or general().rare().commands[kind])(words, at, last)
  batch.answer_count = batch.answer_count + 1
  batch.answers[batch.answer_count] = answer
end
local function decide_all(words, command_count)
  local at = FIRST_COMMAND
  for _ = 1, command_count do
    local first, last, answer_count = at + HEAD_WORDS, at + 1 + words[at], batch.answer_count
    local is_decided, failure = pcall(decide, words[at + 1], words, first, last)
    if not is_decided then general().tell_failure(failure, answer_count) end
    at = last + 1
  end
end
local DONE_TTL_MS = '2100000' -- two time buckets, and a margin for clocks
local function write_change(copy)
  local key, uuid, legs = key_of(copy), copy.changed_leg, copy.legs
  if copy.changed_legs then
    write_legs(copy, { 's', pack_sums(copy) })
  elseif uuid and legs[uuid] then
    redis_call('HSET', key, 's', pack_sums(copy), uuid, legs[uuid])
  else
    redis_call('HSET', key, 's', pack_sums(copy))
    if uuid then redis_call('HDEL', key, uuid) end
  end
end
local function due_changes()
  local later, none = {}, batch.not_due
  local touched = batch.touched
  for index = 1, #touched do
    local copy = touched[index]
    if copy.is_due_changed or copy.was_due then
      if copy.next_due < math.huge then
        later[#later + 1] = integer(copy.next_due)
        later[#later + 1] = account_at(copy.place)
      else
        none[#none + 1] = account_at(copy.place)
      end
    end
  end
  return later, none
end
local function record_changes()
  local open, ended, gone = batch.open, batch.ended, batch.gone
  for _, record in ipairs(batch.changed) do
    local list = record.is_open and open or ended
    list[#list + 1] = record.id
    list[#list + 1] = general().pack_record(record)
    if not record.is_open then gone[#gone + 1] = record.id end
  end
  return open, ended, gone
end
local function write_events()
  if #batch.events == 0 then return '' end
  local key = batch.journal_key
  if not batch.is_clock_given then return redis_call('XADD', key, '*', unpack(batch.events)) end
  local at = integer(batch.now)
  local added = redis.pcall('XADD', key, at .. '-*', unpack(batch.events))
  if not added.err then return added end
  local info = redis_call('XINFO', 'STREAM', key)
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then at = string.match(info[index + 1], '^%d+') end
  end
  return redis_call('XADD', key, at .. '-*', unpack(batch.events))
end
local function is_other(key, wanted)
  local found = redis_call('TYPE', key).ok
  return found ~= wanted and found ~= 'none'
end
local function flush()
  local later, none = due_changes()
  local open, ended, gone = record_changes()
  if #later + #none > 0 and is_other(batch.due_key, 'zset') then return nil, batch.due_key end
  if #ended > 0 and is_other(batch.done_key, 'hash') then return nil, batch.done_key end
  if #batch.events > 0 and is_other(batch.journal_key, 'stream') then return nil, batch.journal_key end
  for index = 1, #batch.touched do
    local copy = batch.touched[index]
    if copy.is_stored and not (copy.is_head_changed or copy.is_elsewhere_changed) then
      write_change(copy)
    else
      general().rare().write_copy(copy)
    end
  end
  if #later > 0 then redis_call('ZADD', batch.due_key, unpack(later)) end
  if #none > 0 then redis_call('ZREM', batch.due_key, unpack(none)) end
  if #open > 0 then redis_call('HSET', batch.open_key, unpack(open)) end
  if #ended > 0 then
    redis_call('HDEL', batch.open_key, unpack(gone))
    redis_call('HSET', batch.done_key, unpack(ended))
    redis_call('PEXPIRE', batch.done_key, DONE_TTL_MS, 'NX')
  end
  for _, limiter in ipairs(batch.changed_limiters) do limiters().write_limiter(limiter) end
  return write_events()
end
local words = { cmsgpack.unpack(ARGV[1]) }
local given, bucket, limiter_count, copy_prefix, limiter_prefix, command_count = unpack(words, 1, 6)
declare_keys(limiter_count, copy_prefix, limiter_prefix)
local ids = ids_in(words, command_count)
if not is_current(KEYS[1]) then return { 'FENCED' } end
batch.is_clock_given = given >= 0
batch.now = now_ms(batch.is_clock_given and given)
batch.now_text = pack('<d', batch.now)
if math.floor(batch.now / TOMBSTONE_MS) ~= bucket then return { 'BUCKET', integer(batch.now) } end
local wrong_key = load_records(ids)
if wrong_key then return { 'WRONGTYPE', wrong_key } end
decide_all(words, command_count)
local position, other_key = flush()
if other_key then return { 'WRONGTYPE', other_key } end
batch.answers[1] = pack('<dBc0', batch.now, #position, position)
return { 'OK', table.concat(batch.answers, '', 1, batch.answer_count) }
end)()
`,
};
