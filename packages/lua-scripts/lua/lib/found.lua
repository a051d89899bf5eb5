-- The answer that a reservation was found: the number of its accounts, and of each its lease.
local function found_answer(record, accounts, legs)
  local parts = { ANSWER.found, pack_found(record, legs, false), string_char(#accounts) }
  for index, account in ipairs(accounts) do
    parts[index + 3] = pack('<H', place_of(account)) .. pack_lease(copy_of(account))
  end
  return table.concat(parts)
end
