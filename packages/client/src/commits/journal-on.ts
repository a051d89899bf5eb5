/** A journal on whatever keeps commits. */
import type { CommitJournal } from './commit-journal.ts';
import type { Journal } from './commits.ts';
import { type JournalOptions, journalOptionsOf } from './journal-options.ts';
import { JournaledCommits } from './journaled-commits.ts';

/**
 * For `connect({ …, journal })`: what `open` opens keeps the ends of that connection's calls. Throws `input_invalid`,
 * naming the option.
 */
export function journalOn(open: () => CommitJournal, options: JournalOptions = {}): Journal {
  const checked = journalOptionsOf(options);
  return { open: (parts) => new JournaledCommits(open(), checked, parts) };
}
