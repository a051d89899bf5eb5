-- Keeps, replaces or (when it has ended) drops a leg of a copy.
local function put_leg(copy, uuid, leg)
  touch(copy)
  local before = leg_of(copy, uuid)
  if leg.state == 'o' then
    open_leg(copy, uuid, leg)
    if before then copy.opened = copy.opened - 1 end
  else
    close_leg(copy, uuid)
    if not before then copy.opened = copy.opened + 1 end
  end
end
