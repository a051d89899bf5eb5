-- What `settle` does at the end of an open reservation whose legs are alike, and which holds no slots, which
-- most are: nothing is put into tables that only take it to the next function. False, and nothing changed, if
-- it is another one.
--
-- Words: id, created, cost in total, final, detail, the number of accounts that it is probably on, these,
-- then six of each charge (`rates.lua`).
-- Used again and again: the leg as it is then, and texts of its copies.
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
