-- What `settle` does at the end of an open reservation whose legs are alike, and which holds no slots, which
-- most are: nothing is put into tables that only take it to the next function. False, and nothing changed, if
-- it is another one.
--
-- Words: id, created, cost in total, final, detail, the number of accounts that it is probably on, these,
-- then six of each charge (`rates.lua`).
local IS_TOLD = 4

-- Where the list of its accounts ends in `made`, if they are those in `words`; and what it took from limiters
-- does not say that it holds slots. Nil otherwise.
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
  return (not slots or slots > string.find(made, '\n', from, true)) and from - 1 or nil
end

-- Its leg, if it is the same one on all of these accounts; and the least that these have set aside. Nil
-- otherwise.
local function common_leg(uuid, cost, words, first, to)
  local common
  for index = first, to do
    local copy = copy_at(words[index], uuid)
    local leg = copy.head and leg_of(copy, uuid)
    if not leg or (common and leg ~= common) then return nil end
    common = leg
    if not sums_at_end(copy, leg, 's', cost) then return nil end
  end
  return common
end

-- Used again and again: the leg as it is then, and texts of its copies.
local settled, leases, intervals = { state = 's', is_journaled = true }, {}, {}

local function settle_usual(words, at, last)
  local id, created, cost, first = words[at], words[at + 1], words[at + 2], at + 6
  local made, to = batch.records[id], at + 5 + words[at + 5]
  local is_known = words[at + 3] and to >= first and type(made) == 'string'
  if not is_known or unpack_from('<d', made) ~= created then return false end
  local list_end = list_end_of(made, words, first, to)
  if not list_end then return false end
  local uuid, copies = string_sub(id, -ID_BYTES), batch.copies
  local before = common_leg(uuid, cost, words, first, to)
  if not before then return false end
  local hits = to < last and limiters().parse_hits(words, to + 1, last)
  settled.amount, settled.spent, settled.deadline = before.amount, cost, before.deadline
  settled.is_dispatched = before.is_dispatched
  local count = to - first + 1
  for index = first, to do
    local copy = copies[words[index]]
    put_sums(copy, sums_at_end(copy, before, 's', cost))
    close_leg(copy, uuid)
    leases[index - first + 1], intervals[index - first + 1] = pack_lease(copy), pack_interval(copy)
  end
  local ended, gone = batch.ended, batch.gone
  local size = #ended
  local leases_text = table.concat(leases, '', 1, count)
  local ended_text = string_char(count) .. leases_text .. pack_end(settled) .. made
  ended[size + 1], ended[size + 2] = id, ended_text
  gone[#gone + 1] = id
  batch.records[id] = { text = ended_text }
  local list = before.is_journaled and string_sub(made, CREATED_BYTES + 1, list_end - 1)
  local event = pack_event(id, settled, not before.is_journaled, count)
  push_event(event .. table.concat(intervals, '', 1, count), words[at + 4], list or made)
  local more, hold = cost - before.spent, held(before)
  local overage = more > hold and more - hold or 0
  tell_done(IS_TOLD, overage, created, settled, words, first, to, hits and #hits or 0)
  if hits then
    limiters().charge_hits(hits, made, list_end + 1)
    limiters().tell_hits(hits)
  end
  return true
end
