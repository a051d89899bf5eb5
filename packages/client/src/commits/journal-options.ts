/** What can be chosen about a journal, wherever it is, and what it tells. */
import type { SettleOutput } from '@bursar/api';
import { checkInteger } from '../check-integer.ts';
import { systemNowMs } from '../runtime.ts';
import type { Commit } from './commit-journal.ts';

/** What happened to something in the journal. Log it: for calls of earlier processes nobody else hears of it. */
export type JournalEvent =
  /** Booked, after it had been kept; `settled` unless it was given back. */
  | { readonly kind: 'booked'; readonly commit: Commit; readonly settled?: SettleOutput }
  /** The server knows how the call has ended, and that stays; or there is nothing to be given back. */
  | { readonly kind: 'superseded'; readonly commit: Commit }
  /** The server does not accept it. It is kept, and tried again every minute and by the next process. */
  | { readonly kind: 'refused'; readonly commit: Commit; readonly error: unknown }
  /** It was kept longer than `ageMsMax` and is dropped, unbooked. */
  | { readonly kind: 'too_old'; readonly commit: Commit }
  /** So many lines of dead processes do not read back; nobody knows what they said. */
  | { readonly kind: 'unreadable'; readonly lines: number }
  /** The journal could not be read or written. */
  | { readonly kind: 'failed'; readonly error: unknown };

export interface JournalOptions {
  /** How long something is kept that cannot be booked, in milliseconds; 30 days by default. */
  readonly ageMsMax?: number;
  /** Told of what happens in it. What it throws is ignored. */
  readonly onEvent?: (event: JournalEvent) => void;
  /** The present in Unix milliseconds; the system's clock by default. */
  readonly nowMs?: () => number;
}

const DAY_MS = 86_400_000;

/** `options`, checked and completed. Throws `input_invalid`, naming the option. */
export function journalOptionsOf({
  ageMsMax = 30 * DAY_MS,
  onEvent = () => {},
  nowMs = systemNowMs,
}: JournalOptions): Required<JournalOptions> {
  checkInteger('ageMsMax', ageMsMax, 1_000, 3_650 * DAY_MS);
  return { ageMsMax, onEvent, nowMs };
}
