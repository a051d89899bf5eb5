-- Records of reservations: what they were made with, and once they have ended, how.
--
--   made  the instant of its making, eight bytes; its accounts with commas between; then, each after a line
--         break, what it took from limiters (`rates.lua`), its fingerprint, and its terms
--   open  `made`; the legs are in the copies
--   done  the number of legs, in the order of the accounts: lease with its length, state, and the leg; `made`
--
-- All but the instant is the driver's text, which is copied from place to place and mostly not looked into.
local CREATED_BYTES = 8

local function pack_ended_leg(leg)
  return struct.pack(
    '<Bc0c1dddB',
    #leg.lease,
    leg.lease,
    leg.state,
    leg.amount,
    leg.spent,
    leg.deadline,
    leg_flags(leg)
  )
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
      if texts[index] then
        records[id] = { text = texts[index], is_open = step == 1 }
      else
        records[id] = false
        left[#left + 1] = id
      end
    end
    ids = left
  end
  return nil
end
