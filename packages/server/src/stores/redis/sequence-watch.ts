/**
 * Notices that data went back: a copy whose sequence is below one that was seen before.
 *
 * Compared is only with what had arrived before the request was sent. The newest seen would give false
 * alarms when replies overtake each other.
 */
import type { AccountId, Copy, CopyAnswer } from '@bursar/core';
import { LRUCache } from 'lru-cache';

/** Accounts watched at a time. */
const WATCHED_MAX = 50_000;

interface Seen {
  readonly lease: string;
  readonly sequence: number;
}

/** What had been seen of some accounts at a moment. */
export type Floor = ReadonlyMap<AccountId, Seen>;

/** The highest sequence seen of each account on its lease. */
export class SequenceWatch {
  readonly #seen = new LRUCache<AccountId, Seen>({ max: WATCHED_MAX });

  /** What is known now; to be taken before a request is sent. */
  floorOf(accounts: Iterable<AccountId>): Floor {
    const floor = new Map<AccountId, Seen>();
    for (const account of accounts) {
      const seen = this.#seen.get(account);
      if (seen !== undefined) floor.set(account, seen);
    }
    return floor;
  }

  /** Whether `answer` shows a copy as it was before the request; remembers it otherwise. */
  wentBack(answer: CopyAnswer, floor: Floor, isNewReservation: boolean): boolean {
    const copies = copiesOf(answer);
    // A new reservation raises every copy it is on.
    const least = isNewReservation && answer.answer === 'done' && !answer.replayed ? 1 : 0;
    for (const { account, lease, sequence } of copies) {
      const before = floor.get(account);
      if (before?.lease === lease && sequence < before.sequence + least) return true;
      const seen = this.#seen.get(account);
      if (seen?.lease !== lease || sequence > seen.sequence) {
        this.#seen.set(account, { lease, sequence });
      }
    }
    return false;
  }

  clear(): void {
    this.#seen.clear();
  }
}

function copiesOf(answer: CopyAnswer): readonly Copy[] {
  if ('copies' in answer) return answer.copies;
  return answer.answer === 'copy' && answer.copy !== null ? [answer.copy] : [];
}
