-- What the driver sent: keys, and the words of all commands.
local FIRST_COMMAND = 7
-- What comes first of every command: the number of its words, and its kind.
local HEAD_WORDS = 2
local BEFORE_COPIES = 6
-- All others begin with the reservation that they are about.
local NAMES_NONE = { sweep = true, prepare = true, install = true, apply = true, recall = true, read = true }

-- Commands name accounts and limiters by their place among the keys; an id is what comes after so many bytes
-- of its key, and is made when something needs it.
local account_from, limiter_from, before_limiters
local account_names = {} -- by place, as far as needed

local function declare_keys(limiter_count, copy_prefix, limiter_prefix)
  batch.open_key, batch.done_key, batch.done_before_key = KEYS[2], KEYS[3], KEYS[4]
  batch.due_key, batch.journal_key = KEYS[5], KEYS[6]
  before_limiters = #KEYS - limiter_count
  account_from, limiter_from = copy_prefix + 1, limiter_prefix + 1
end

local function account_at(place)
  local account = account_names[place]
  if not account then
    account = string_sub(KEYS[BEFORE_COPIES + place], account_from)
    account_names[place] = account
  end
  return account
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
