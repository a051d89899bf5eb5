/** The public list of `@bursar/lua-scripts`. */
export { CHANGES_MAX, COMMANDS_MAX, KEYS_MAX, LAYOUT } from './bounds.ts';
export { encodeCall, type EncodedCall, type Script, type ScriptCall } from './script.ts';
export { adoptIncarnation } from './generated/adopt-incarnation.ts';
export { dueAccounts } from './generated/due-accounts.ts';
export { readJournal } from './generated/read-journal.ts';
export { runCommands } from './generated/run-commands.ts';
export { trimJournal } from './generated/trim-journal.ts';
