-- Records of reservations: what they were made with, and once they have ended, how.
--
--   made  the instant of its making, eight bytes; its accounts with commas between; then, each after a line
--         break, what it took from limiters (`rates.lua`), its fingerprint, and its terms
--   open  `made`; the legs are in the copies
--   done  the number of legs, 128 more if they are not alike; in the order of the accounts their leases with
--         their lengths; state and leg, once or for each; `made`
--
-- All but the instant is the driver's text, which is copied from place to place and mostly not looked into.
local CREATED_BYTES = 8

local function pack_end(leg)
  return pack('<c1dddB', leg.state, leg.amount, leg.spent, leg.deadline, leg_flags(leg))
end

-- Reads the records of `ids`, each of them at most once a call and all in a few commands. Returns the key
-- that holds something else, if one does.
local function load_records(ids)
  local records = batch.records
  for step, key in ipairs({ batch.open_key, batch.done_key, batch.done_before_key }) do
    if #ids == 0 then return nil end
    local texts = redis.pcall('HMGET', key, unpack(ids))
    if texts.err then return key end
    local left = {}
    for index, id in ipairs(ids) do
      local text = texts[index]
      if text then
        records[id] = step == 1 and text or { text = text }
      else
        records[id] = false
        left[#left + 1] = id
      end
    end
    ids = left
  end
  return nil
end
