-- Copies and reservations in answers.
local IS_TOLD = 4

-- Adds a copy to `texts`, of which there are `size`, and returns how many there are then: the number of its
-- account; its sums; the length of what only its lease changes, and this, which is its head, with a length of
-- its own, and elsewhere. The length is 0 if this call has told it before: commands of many users are about
-- the same budget of their organisation.
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

-- Answers `done` of a reservation on the accounts in `words` from `first` to `last`, whose legs are alike,
-- and of which the driver knows what it was made with. How `rate_count` limiters stand is to be told after
-- it.
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
