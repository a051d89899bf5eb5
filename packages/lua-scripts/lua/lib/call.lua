-- What the driver sent: keys, and the words of all commands.
local FIRST_COMMAND = 7
-- What comes first of every command: the number of its words, and its kind.
local HEAD_WORDS = 2
local FIRST_COPY = 7
-- All others begin with the reservation that they are about.
local NAMES_NONE = { sweep = true, prepare = true, install = true, apply = true, recall = true, read = true }

-- The ids are what comes after so many bytes of a key.
local function declare_keys(limiter_count, copy_prefix, limiter_prefix)
  local KEYS, accounts, places, keys = KEYS, batch.accounts, batch.places, batch.keys
  batch.open_key, batch.done_key, batch.done_before_key = KEYS[2], KEYS[3], KEYS[4]
  batch.due_key, batch.journal_key = KEYS[5], KEYS[6]
  local first_limiter = #KEYS - limiter_count + 1
  for index = FIRST_COPY, first_limiter - 1 do
    local key, place = KEYS[index], index - FIRST_COPY + 1
    local account = string.sub(key, copy_prefix + 1)
    accounts[place] = account
    places[account] = place
    keys[account] = key
  end
  for index = first_limiter, #KEYS do
    batch.limiter_keys[string.sub(KEYS[index], limiter_prefix + 1)] = KEYS[index]
  end
end

-- The reservations that the commands name.
local function ids_in(words, command_count)
  local ids, at = {}, FIRST_COMMAND
  for _ = 1, command_count do
    if not NAMES_NONE[words[at + 1]] then ids[#ids + 1] = words[at + HEAD_WORDS] end
    at = at + HEAD_WORDS + words[at]
  end
  return ids
end
