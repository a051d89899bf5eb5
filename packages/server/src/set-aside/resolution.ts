/**
 * What can become of an event that was set aside: it is in the ledger after all, or a person decided that it
 * shall not be. Each is resolved once; what was decided first stays.
 */
import {
  type Amount,
  BursarError,
  type InstantMs,
  type SetAside,
  type SignedAmount,
} from '@bursar/core';

/** Longest name of who decides, and longest reason, in characters. */
const NAME_LENGTH_MAX = 100;
const NOTE_LENGTH_MAX = 500;

/** What became of an event. */
export interface Resolution {
  /** `replayed`: taken in. `accepted`: the difference is booked as an adjustment. `dismissed`: not booked. */
  readonly kind: 'replayed' | 'accepted' | 'dismissed';
  readonly atMs: InstantMs;
  /** Who decided, as they said. */
  readonly by: string;
  /** Why; `null` where nobody had to say. */
  readonly note: string | null;
}

/** An event that was set aside; open while `resolution` is `null`. */
export interface SetAsideEvent extends SetAside {
  readonly resolution: Resolution | null;
}

/** What executing an event once more came to. All but `booked` and `accepted` changed nothing. */
export type Replay =
  /** It is in the ledger now, or was already. */
  | { readonly result: 'booked' }
  /** It contradicts the ledger, and `difference` is now booked as an adjustment. */
  | { readonly result: 'accepted'; readonly difference: SignedAmount }
  /** Another cost was booked first. */
  | { readonly result: 'conflict'; readonly booked: Amount; readonly reported: Amount }
  /** The ledger or its database refuses it, as before. */
  | { readonly result: 'refused'; readonly why: string }
  /** It cannot be executed at all. */
  | { readonly result: 'unreadable'; readonly why: string }
  /** Somebody decided before. */
  | { readonly result: 'resolved'; readonly resolution: Resolution };

/** Throws `input_invalid` unless `by` names somebody in 1 to 100 printable characters. */
export function checkName(by: string): void {
  if (isPrintable(by, NAME_LENGTH_MAX)) return;
  throw new BursarError('input_invalid', {
    field: 'by',
    message: `by must be 1 to ${NAME_LENGTH_MAX} printable characters: who decides`,
  });
}

/** Throws `input_invalid` unless `note` gives a reason in 1 to 500 printable characters. */
export function checkNote(note: string): void {
  if (isPrintable(note, NOTE_LENGTH_MAX)) return;
  throw new BursarError('input_invalid', {
    field: 'reason',
    message: `reason must be 1 to ${NOTE_LENGTH_MAX} printable characters: why the event is not booked`,
  });
}

function isPrintable(text: string, lengthMax: number): boolean {
  return text.trim() !== '' && text.length <= lengthMax && !/\p{Cc}|\p{Cs}/u.test(text);
}
