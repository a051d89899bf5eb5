/** `@bursar/client/journal`: keeps the ends of calls in files until the server has acknowledged them. Needs Node. */
export type { JournalEvent, JournalOptions } from '../commits/journal-options.ts';
export { type FileJournalOptions, fileJournal } from './file-journal.ts';
