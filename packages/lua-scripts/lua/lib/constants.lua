-- Bounds, as in core: amount.ts, time.ts, transition.ts, copy-store.ts, tier.ts, limiter-policy.ts. A test
-- compares them.
local AMOUNT_MAX = 9007199254740991
local INSTANT_MAX = 253402300799999
local PERIOD_TOLERANCE_MS = 2000
local PLACE_MS = 2000
local TOMBSTONE_MS = 900000
local LAZY_EXPIRY_MAX = 5
local LOG_MAX = 10000
local SLOT_HOLDERS_MAX = 10000
