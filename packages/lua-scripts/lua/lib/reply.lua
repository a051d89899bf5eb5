-- Answers: packed, a byte that says which first. The driver's decode-answer.ts reads them. The usual ones are
-- in tell.lua.
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

-- An answer of a status and texts.
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

-- A reservation: what it was made with, or the instant alone where the driver knows the rest; state, amount,
-- spent, deadline and flags. Its amounts are the largest of its legs', the rest is the first one's.
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

-- `done`: flags, overage, how many accounts and limiters; the reservation, the copies, and how limiters
-- stand.
local function done_answer(flags, overage, record, accounts, legs, is_made_known, hits)
  return ANSWER.done
    .. pack('<BdBB', flags, overage, #accounts, hits and #hits or 0)
    .. pack_found(record, legs, is_made_known)
    .. pack_copies(accounts)
    .. (hits and limiters().pack_hits(hits) or '')
end
