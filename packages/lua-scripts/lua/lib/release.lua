-- release: id, detail. Gives back what is set aside and not booked; core's `giveBack`.
local function release(id, detail)
  return change(id, function(copy, leg)
    if leg.state == 'o' then return end_leg(copy, leg, 'r', leg.spent, false) end
    if leg.state == 'r' then return { leg = leg, is_replayed = true } end
    return { code = leg.state == 'e' and 'reservation_expired' or 'reservation_already_settled' }
  end, detail, rates_at_end)
end
