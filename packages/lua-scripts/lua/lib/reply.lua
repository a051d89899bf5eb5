-- Answers: packed, a byte that says which first. The driver's decode-answer.ts reads them. The usual ones are
-- in tell.lua.
local ANSWER = {
  done = string.char(1),
  short = string.char(2),
  missing = string.char(3),
  unknown = string.char(4),
  period = string.char(5),
  rejected = string.char(6),
  swept = string.char(7),
  prepared = string.char(8),
  busy = string.char(9),
  copy = string.char(10),
  none = string.char(11),
  found = string.char(12),
  WIDEN = string.char(13),
  LIMITERS = string.char(14),
  WRONGTYPE = string.char(15),
  DAMAGED = string.char(16),
}

-- An answer of a status and texts.
local function text_answer(status, texts)
  local answer = ANSWER[status] .. struct.pack('<H', #texts)
  for _, text in ipairs(texts) do answer = answer .. struct.pack('<H', #text) .. text end
  return answer
end

local function number_answer(status, number)
  return ANSWER[status] .. struct.pack('<d', number)
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
  local made = is_made_known and string.sub(record.made, 1, CREATED_BYTES) or record.made
  if not first then return struct.pack('<I4c0c1dddB', #made, made, 'r', 0, 0, 0, 0) end
  local amount, spent = first.amount, first.spent
  for index = 2, #legs do
    amount = math.max(amount, legs[index].amount)
    spent = math.max(spent, legs[index].spent)
  end
  local flags = leg_flags(first)
  return struct.pack('<I4', #made)
    .. made
    .. struct.pack('<c1dddB', first.state, amount, spent, first.deadline, flags)
end

-- `done`: flags, overage, how many accounts and limiters; the reservation, the copies, and how limiters
-- stand.
local function done_answer(flags, overage, record, accounts, legs, is_made_known, hits)
  return ANSWER.done
    .. struct.pack('<BdBB', flags, overage, #accounts, hits and #hits or 0)
    .. pack_found(record, legs, is_made_known)
    .. pack_copies(accounts)
    .. (hits and limiters().pack_hits(hits) or '')
end
