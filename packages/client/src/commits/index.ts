/** `@bursar/client/commits`: journals of one's own, for runtimes without files. */
export type { Commit, CommitJournal } from './commit-journal.ts';
export type { Journal } from './commits.ts';
export type { JournalEvent, JournalOptions } from './journal-options.ts';
export { journalOn } from './journal-on.ts';
