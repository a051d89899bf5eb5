/**
 * Reads copies out of answers, and remembers those of busy accounts as they read last: what changes with each call
 * are three numbers, and the rest stays the same, byte by byte, for hundreds of calls.
 */
import type { AccountId, Copy } from '@bursar/core';
import { LRUCache } from 'lru-cache';
import { unpackElsewhere } from './pack-elsewhere.ts';
import { unpackLease } from './pack-lease.ts';
import { PackedReader } from './packed-reader.ts';
import { ReplyMalformed } from './reply-reader.ts';

/** Accounts that are remembered. */
const REMEMBERED_MAX = 10_000;

/** What of a copy only its lease changes. */
type Standing = Omit<Copy, 'account' | 'settled' | 'reserved' | 'sequence'>;

interface Remembered {
  readonly bytes: string;
  readonly standing: Standing;
}

/** Reads copies. */
export class CopyReader {
  readonly #remembered = new LRUCache<AccountId, Remembered>({ max: REMEMBERED_MAX });

  /** The next copy of an answer to a call about `accounts`. Throws `ReplyMalformed`. */
  read(reply: PackedReader, accounts: readonly AccountId[]): Copy {
    const account = accountAt(reply, accounts);
    const settled = reply.amount();
    const reserved = reply.amount();
    const sequence = reply.amount();
    const bytes = reply.binary(reply.length());
    let known = this.#remembered.get(account);
    if (known?.bytes !== bytes) {
      known = { bytes, standing: standingOf(bytes) };
      this.#remembered.set(account, known);
    }
    const { lease, startAtMs, endAtMs, drawn, returned, elsewhere } = known.standing;
    return {
      account,
      lease,
      startAtMs,
      endAtMs,
      drawn,
      returned,
      settled,
      reserved,
      sequence,
      elsewhere,
    };
  }
}

/** The account that the next number stands for. */
export function accountAt(reply: PackedReader, accounts: readonly AccountId[]): AccountId {
  const account = accounts[reply.short() - 1];
  if (account === undefined) throw new ReplyMalformed('an account nobody asked for');
  return account;
}

/** From the length of the head on, a character for each byte. */
function standingOf(text: string): Standing {
  const reader = new PackedReader(Buffer.from(text, 'latin1'));
  const head = reader.part(reader.byte());
  // Its label, which the script has checked.
  head.binary(head.byte());
  const [drawn, returned] = [head.amount(), head.amount()];
  const [startAtMs, endAtMs] = [head.instant(), head.instant()];
  const lease = unpackLease(head.binary(head.left));
  return { lease, startAtMs, endAtMs, drawn, returned, elsewhere: unpackElsewhere(reader) };
}
