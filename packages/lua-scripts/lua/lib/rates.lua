-- What a whole command takes from its limiters: core's `reservation/rates.ts`.
--
-- What a reservation took is a line of its record: `limiter permits kind`, with commas between; the kind is
-- `c` for slots and `-` for the others.
local HIT_WORDS = 6

-- The hits in `words` from `first` to `last`: limiter, kind, limit, and of the kinds with a rate its permits
-- and every how many ms, of the others their window and anything; then permits.
local function parse_hits(words, first, last)
  local hits, count = {}, 0
  for index = first, last, HIT_WORDS do
    count = count + 1
    hits[count] = {
      limiter = limiter_at(words[index]),
      kind = words[index + 1],
      counting = counting_of(words[index + 1]),
      limit = words[index + 2],
      permits = words[index + 3],
      window = words[index + 3],
      every = words[index + 4],
      wanted = words[index + 5],
      state = nil,
      used = nil,
      view = nil,
    }
  end
  return hits
end

-- Looks at all of them. Returns whether all admit.
local function ask_hits(hits)
  local is_admitted = true
  for index = 1, #hits do
    local hit = hits[index]
    look_at(hit)
    is_admitted = is_admitted and fits(hit, hit.wanted)
  end
  return is_admitted
end

-- Takes what `ask_hits` has admitted.
local function take_hits(hits, uuid, deadline)
  for index = 1, #hits do
    local hit = hits[index]
    if hit.wanted > 0 then
      keep_hit(hit, hit.counting.add(hit, hit.state, hit.wanted, uuid, deadline), batch.now)
    end
  end
end

-- What of `limiter` a reservation took, whose line begins at `from` in what it was made with.
local function taken_from(made, from, limiter)
  local id, ends = string_sub(limiter.key, limiter_from), string.find(made, '\n', from, true)
  while true do
    local first, last = string.find(made, id, from, true)
    if not first or first > ends then return 0 end
    local before = string_byte(made, first - 1)
    if (before == 10 or before == 44) and string_byte(made, last + 1) == 32 then
      local permits = tonumber(string.match(made, '^%d+', last + 2))
      if not permits then fail('DAMAGED', 'what a reservation took does not read back') end
      return permits
    end
    from = last
  end
end

-- Makes up the difference between what the reservation took and what it has taken in truth.
local function charge_hits(hits, made, from)
  for _, hit in ipairs(hits) do
    look_at(hit)
    local more = hit.wanted - taken_from(made, from, hit.limiter)
    if more ~= 0 and hit.kind ~= 'c' then
      if more > 0 then
        keep_hit(hit, hit.counting.add(hit, hit.state, more))
      else
        keep_hit(hit, hit.counting.give_back(hit, hit.state, -more, (unpack_from('<d', made))))
      end
    else
      hit.view = pack_view(hit, true, ends_at(hit), retry_at(hit, 0))
    end
  end
end

-- How a hit's limiter stands; after it was looked at, and nothing taken from it, what that came to.
local function view_of(hit)
  return hit.view or pack_view(hit, fits(hit, hit.wanted), ends_at(hit), retry_at(hit, hit.wanted))
end

-- Adds how limiters stand to the answers.
local function tell_hits(hits)
  local texts, size = batch.answers, batch.answer_count
  for index = 1, #hits do texts[size + index] = view_of(hits[index]) end
  batch.answer_count = size + #hits
end

local function pack_hits(hits)
  local parts = {}
  for index, hit in ipairs(hits) do parts[index] = view_of(hit) end
  return table.concat(parts)
end
