-- What this call has read, and what it is going to write once every command is decided.
--
-- Invariant: nothing is written before `flush`, so that a command that fails, or data that do not read
-- back, leave nothing half done. Later commands of a call see what earlier ones decided.
local batch = {
  now = 0, -- ms
  accounts = {}, -- number → account, as commands name those that the driver has declared
  places = {}, -- account → its number
  keys = {}, -- account → key of its copy
  copies = {}, -- account → copy
  touched = {}, -- copies to write, in the order in which they were first changed
  records = {}, -- reservation → record, false when there is none
  changed = {}, -- records to write
  open = {}, -- fields of open records, and of ended ones, that are written as they are
  ended = {},
  gone = {}, -- records that are not open any more
  not_due = {}, -- accounts without a copy, to be taken out of the set of due ones
  events = {}, -- fields of the journal entry
  limiter_keys = {}, -- limiter → its key, of those that the driver has declared
  limiters = {}, -- id → limiter, as far as it is used
  changed_limiters = {}, -- limiters to write
}
