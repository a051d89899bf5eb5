-- Answers: packed, a byte that says which first. The driver's decode-answer.ts reads them.
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
  local answer = ANSWER[status]
  for _, text in ipairs(texts) do answer = answer .. struct.pack('<Hc0', #text, text) end
  return answer
end

local function number_answer(status, number)
  return ANSWER[status] .. struct.pack('<d', number)
end

-- A copy: the number of its account; the length of what only its lease changes, and this, which is its head,
-- with a length of its own, and elsewhere; its sums.
local function pack_copy(copy)
  local head, elsewhere = copy.head, copy.elsewhere
  return struct.pack('<HI4B', batch.places[copy.account], 1 + #head + #elsewhere, #head)
    .. head
    .. elsewhere
    .. sums_of(copy)
end

local function pack_copies(accounts)
  if #accounts == 1 then return pack_copy(batch.copies[accounts[1]]) end
  local parts = {}
  for index, account in ipairs(accounts) do parts[index] = pack_copy(copy_of(account)) end
  return table.concat(parts)
end

local function copy_answer(copy)
  if not copy then return ANSWER.none end
  return ANSWER.copy .. pack_copy(copy)
end

-- A reservation: what it was made with unless `is_made_known`, state, amount, spent, deadline and flags. Its
-- amounts are the largest of its legs', the rest is the first one's.
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
  return struct.pack('<I4c0c1dddB', #made, made, first.state, amount, spent, first.deadline, flags)
end

local function found_answer(record, accounts, legs)
  local parts = { ANSWER.found, pack_found(record, legs, false), string.char(#accounts) }
  for index, account in ipairs(accounts) do
    local lease = legs[index].lease
    parts[index + 3] = struct.pack('<HBc0', batch.places[account], #lease, lease)
  end
  return table.concat(parts)
end

-- `done`: flags, overage, the reservation, the copies of its accounts, and how limiters stand.
local function done_answer(flags, overage, record, accounts, legs, is_made_known, rates)
  return ANSWER.done
    .. struct.pack('<BdBB', flags, overage, #accounts, rates and #rates or 0)
    .. pack_found(record, legs, is_made_known)
    .. pack_copies(accounts)
    .. (rates and limiters().pack_rates(rates) or '')
end
