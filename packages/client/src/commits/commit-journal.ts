/**
 * The port to wherever ends of calls are kept until the server has acknowledged them. `fileJournal` of
 * `@bursar/client/journal` is one in files; write another for a runtime that has none.
 */
import type { ReleaseInput, SettleInput } from '@bursar/api';

/** How a call has ended, as it is told to the server. Neither what was said nor a key is in it. */
export type Commit = {
  /** When that was written, Unix milliseconds. */
  readonly atMs: number;
} & (
  | { readonly kind: 'settle'; readonly input: SettleInput }
  | { readonly kind: 'release'; readonly input: ReleaseInput }
);

/**
 * Keeps commits by their reservations. What it says may be told to the server twice: each reservation is booked once.
 * Shared by processes, it hands what a dead one has left to one of the others, and never what a live one keeps.
 */
export interface CommitJournal {
  /**
   * Resolves when `commit` will survive this process, and the machine if need be; what was kept of the same reservation
   * before is replaced by it. Rejects when it may not, which `BursarError('journal_unavailable')` is there to say.
   */
  append(commit: Commit): Promise<void>;
  /** Forgets a reservation; resolves when that will survive, too. */
  remove(reservation: string): Promise<void>;
  /** What processes have left that are no more. It is kept as if it had been appended here. Asked now and then. */
  leftOver(): Promise<readonly Commit[]>;
  /** Writes what is not written and lets go; what is kept stays for the next process. */
  close(): Promise<void>;
}
