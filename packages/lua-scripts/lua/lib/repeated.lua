-- reserve again: the answer is the first one's, unless it has ended or was another call.
local RESERVE_REFUSED = {
  r = 'reservation_already_released',
  e = 'reservation_expired',
  s = 'reservation_already_settled',
}

local function repeated(id, rest, hits)
  local record, accounts, legs = find(id)
  if not legs[1] then return ANSWER.unknown end
  local fingerprint = fingerprint_in(record.made, record.list_end + 1)
  -- What is to be made begins with its accounts.
  if fingerprint ~= fingerprint_in(rest, string.find(rest, '\n', 1, true) + 1) then
    return text_answer('rejected', { 'idempotency_key_reused' })
  end
  local steps = {}
  for index, leg in ipairs(legs) do
    steps[index] = leg.state == 'o' and { leg = leg, is_replayed = true }
      or { code = RESERVE_REFUSED[leg.state] }
  end
  return conclude(record, accounts, steps, legs[1], 'null', hits and {
    hits = hits,
    finish = function()
      limiters().ask_hits(hits)
      return true
    end,
  })
end
