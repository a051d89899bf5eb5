-- Answers: packed, a byte that says which first. The driver's decode-answer.ts reads them. A command returns
-- its answer in one text or several: what is there already is not put together once more.
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

-- A copy: the number of its account; its sums; the length of what only its lease changes, and this, which is
-- its head, with a length of its own, and elsewhere.
local function pack_copy(copy)
  local head, elsewhere = copy.head, copy.elsewhere
  return struct.pack(
    '<HdddI4B',
    batch.places[copy.account],
    copy.settled,
    copy.reserved,
    copy.sequence,
    1 + #head + #elsewhere,
    #head
  ) .. head .. elsewhere
end

local function pack_copies(accounts)
  local parts = {}
  for index, account in ipairs(accounts) do parts[index] = pack_copy(copy_of(account)) end
  return table.concat(parts)
end

local function copy_answer(copy)
  if not copy then return ANSWER.none end
  return ANSWER.copy .. pack_copy(copy)
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
local function done_answer(flags, overage, record, accounts, legs, is_made_known, rates)
  if is_made_known and #accounts == 1 and not rates then
    return done_on_one(flags, overage, created_of(record), legs[1], batch.copies[accounts[1]])
  end
  return ANSWER.done
    .. struct.pack('<BdBB', flags, overage, #accounts, rates and #rates or 0)
    .. pack_found(record, legs, is_made_known)
    .. pack_copies(accounts)
    .. (rates and limiters().pack_rates(rates) or '')
end
