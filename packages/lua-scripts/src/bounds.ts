/** How the data are laid out, and how much one call may carry. Redis does nothing else while a script runs. */

/** Most commands in one call: some 0.4 ms of Redis' time. */
export const COMMANDS_MAX = 64;
/** Most keys in one call: 16 accounts for each command, and what belongs to the shard. */
export const KEYS_MAX = 1_100;
/** Most reservations that all commands of one call may change; bounds the lists that a script builds. */
export const CHANGES_MAX = 512;
/** How copies, records and events are packed; another number, and whoever knows only this one takes the data for none. */
export const LAYOUT = 3;
