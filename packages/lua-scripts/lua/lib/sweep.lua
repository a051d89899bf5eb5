-- sweep: account, limit. Ends due reservations of some accounts, the earliest first.
--
-- `due_of` only reads, so that a command can be turned back for keys before anything has changed.
local function is_earlier(a, b)
  if a.deadline ~= b.deadline then return a.deadline < b.deadline end
  return is_before(a.id, b.id)
end

local function due_of(accounts, limit)
  local due, is_listed = {}, {}
  for _, account in ipairs(accounts) do
    local copy = copy_of(account)
    if copy.head and copy.next_due <= batch.now then
      scan(copy)
      copy.is_swept = true
      local tenant = string.match(account, '^[^/]+/')
      for uuid, text in pairs(copy.legs) do
        local id, deadline = tenant .. uuid, text and parse_open_leg(text).deadline
        if deadline and deadline <= batch.now and not is_listed[id] then
          is_listed[id] = true
          due[#due + 1] = { id = id, deadline = deadline }
        end
      end
    end
  end
  table.sort(due, is_earlier)
  local ids, undeclared = {}, {}
  for index = 1, math.min(limit, #due) do
    local record = record_of(due[index].id)
    if not record then fail('DAMAGED', 'a leg without its record') end
    ids[index] = due[index].id
    for _, account in ipairs(record.accounts) do
      if not place_of(account) then undeclared[#undeclared + 1] = account end
    end
  end
  if #undeclared > 0 then fail('WIDEN', unpack(undeclared)) end
  return ids
end

-- Ends what `due_of` found, and finds out anew when the next one is due.
local function end_due(accounts, ids)
  for index = 1, #ids do expire(ids, index) end
  if #ids > 0 then untell() end
  for _, account in ipairs(accounts) do
    local copy = copy_of(account)
    if copy.is_swept then
      copy.is_swept = false
      local next_due = math.huge
      for _, text in pairs(copy.legs) do
        if text then next_due = math.min(next_due, parse_open_leg(text).deadline) end
      end
      if next_due ~= copy.next_due then
        touch(copy)
        copy.next_due = next_due
        copy.is_due_changed = true
      end
    end
  end
end

local function sweep(words, at)
  local account = account_at(words[at])
  -- What has no copy is never due; an entry that says so would be asked about for ever.
  if not copy_of(account).head then batch.not_due[#batch.not_due + 1] = account end
  local ids = due_of({ account }, words[at + 1])
  end_due({ account }, ids)
  return number_answer('swept', #ids)
end
