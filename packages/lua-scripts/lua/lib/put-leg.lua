-- Keeps, replaces or (when it has ended) drops a leg of a copy.
local function put_leg(copy, uuid, leg)
  touch(copy)
  if leg.state == 'o' then
    open_leg(copy, uuid, pack_leg(leg), leg.deadline)
  else
    close_leg(copy, uuid)
  end
end
