/** A journal in memory, for as long as a test lasts: what one connection leaves in it, the next one finds. */
import type { Commit, CommitJournal } from '../../src/commits/commit-journal.ts';
import type { Journal } from '../../src/commits/commits.ts';
import { journalOn } from '../../src/commits/journal-on.ts';
import type { JournalEvent, JournalOptions } from '../../src/commits/journal-options.ts';

export class MemoryJournal implements CommitJournal {
  /** What would survive this process. */
  readonly kept = new Map<string, Commit>();
  /** Everything that was appended, in order. */
  readonly appended: Commit[] = [];
  readonly events: JournalEvent[] = [];
  /** While set, nothing can be written. */
  failure: Error | undefined;
  #left: Commit[] = [];

  async append(commit: Commit): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.appended.push(commit);
    this.kept.set(commit.input.reservation, commit);
  }

  async remove(reservation: string): Promise<void> {
    this.kept.delete(reservation);
  }

  async leftOver(): Promise<readonly Commit[]> {
    return this.#left.splice(0);
  }

  async close(): Promise<void> {}

  /** For one connection. */
  open(options: JournalOptions = {}): Journal {
    return journalOn(() => this, { onEvent: (event) => this.events.push(event), ...options });
  }

  /** As a process would find it after the one before it has died. */
  afterDeath(): MemoryJournal {
    const next = new MemoryJournal();
    for (const [reservation, commit] of this.kept) next.kept.set(reservation, commit);
    next.#left = [...this.kept.values()];
    return next;
  }
}
