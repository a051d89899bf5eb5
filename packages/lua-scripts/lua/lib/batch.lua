-- What this call has read, and what it is going to write once every command is decided.
--
-- Invariant: nothing is written before `flush`, so that a command that fails, or data that do not read
-- back, leave nothing half done. Later commands of a call see what earlier ones decided.
local batch = {
  now = 0, -- ms
  now_text = '', -- the same, packed
  copies = {}, -- place among the keys of copies → copy
  touched = {}, -- copies to write, in the order in which they were first changed
  records = {}, -- reservation → record, its text while it is open and not looked into, false for none
  changed = {}, -- records to write
  open = {}, -- fields of open records, and of ended ones, that are written as they are
  ended = {},
  gone = {}, -- records that are not open any more
  not_due = {}, -- accounts without a copy, to be taken out of the set of due ones
  events = {}, -- fields of the journal entry
  limiters = {}, -- place among the keys of limiters → limiter, as far as it is used
  changed_limiters = {}, -- limiters to write
  answers = {}, -- texts of the answers, after a place for what comes first in the reply
  answer_count = 1, -- how many texts these are, and that place
}
