-- What `reserve` does for a new call that is admitted, which most are: nothing is put into tables that only
-- take it to the next function. False, and nothing changed, if it is another one.
--
-- Words: id, amount, ttlMs, what it is made with but the instant, the number of its accounts, these in byte
-- order, then six of each of its rates (`rates.lua`).
-- The leg, used again and again.
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
