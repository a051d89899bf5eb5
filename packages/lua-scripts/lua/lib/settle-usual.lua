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
  local taken = string.match(made, '^[^\n]*', from)
  return not string.find(taken, ' c', 1, true) and from - 1 or nil
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
  local leg = leg_with(before, 's', cost, true)
  local end_text, event = '', pack_event(id, leg, not before.is_journaled, to - first + 1)
  for index = first, to do
    local copy = copies[words[index]]
    put_sums(copy, sums_at_end(copy, before, 's', cost))
    close_leg(copy, uuid)
    end_text = end_text .. pack_lease(copy)
    event = event .. pack_interval(copy)
  end
  local ended, gone = batch.ended, batch.gone
  local size = #ended
  local ended_text = string_char(to - first + 1) .. end_text .. pack_end(leg) .. made
  ended[size + 1], ended[size + 2] = id, ended_text
  gone[#gone + 1] = id
  batch.records[id] = { text = ended_text }
  local list = before.is_journaled and string_sub(made, CREATED_BYTES + 1, list_end - 1)
  push_event(event, words[at + 4], list or made)
  local more, hold = cost - before.spent, held(before)
  local overage = more > hold and more - hold or 0
  tell_done(IS_TOLD, overage, created, leg, words, first, to, hits and #hits or 0)
  if hits then
    limiters().charge_hits(hits, made, list_end + 1)
    limiters().tell_hits(hits)
  end
  return true
end
