-- An open reservation whose legs are alike, on accounts that the driver has named, which most are.

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

-- What the open reservation `id` was made with at `created`, and where the list of its accounts ends in it.
-- Nil if it is another one, or on other accounts than those in `words`, or holds slots.
local function known_made(id, created, words, first, to)
  local made = batch.records[id]
  if to < first or type(made) ~= 'string' or unpack_from('<d', made) ~= created then return nil end
  local list_end = list_end_of(made, words, first, to)
  if list_end then return made, list_end end
  return nil
end

-- Its leg, if it is the same one on all of these accounts. Nil otherwise.
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

-- Tells the journal of it, whose leg was `before` and is `leg`.
local intervals = {}
local function tell_alike(id, made, list_end, before, leg, detail, words, first, to)
  local count, is_first = to - first + 1, not before.is_journaled
  for index = 1, count do intervals[index] = pack_interval(batch.copies[words[first + index - 1]]) end
  local event = pack_event(id, leg, is_first, count) .. table.concat(intervals, '', 1, count)
  push_event(event, detail, is_first and made or string_sub(made, CREATED_BYTES + 1, list_end - 1))
end
