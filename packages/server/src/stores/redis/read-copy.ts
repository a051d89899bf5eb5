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

/** Standings of copies, as they read last. */
export class CopyStandings {
  readonly #remembered = new LRUCache<AccountId, Remembered>({ max: REMEMBERED_MAX });

  /** The standing of an account that reads as `bytes`. Throws `ReplyMalformed`. */
  of(account: AccountId, bytes: string): Standing {
    let known = this.#remembered.get(account);
    if (known?.bytes !== bytes) {
      known = { bytes, standing: standingOf(bytes) };
      this.#remembered.set(account, known);
    }
    return known.standing;
  }
}

/** Reads the copies of one reply, which tells what only its lease changes once for each, unless it has changed. */
export class CopyReader {
  readonly #accounts: readonly AccountId[];
  readonly #standings: CopyStandings;
  readonly #told = new Map<AccountId, Standing>();

  /** Of a reply to a call about `accounts`. */
  constructor(accounts: readonly AccountId[], standings: CopyStandings) {
    this.#accounts = accounts;
    this.#standings = standings;
  }

  /** The next copy. Throws `ReplyMalformed`. */
  read(reply: PackedReader): Copy {
    const account = accountAt(reply, this.#accounts);
    const settled = reply.amount();
    const reserved = reply.amount();
    const sequence = reply.amount();
    const standing = this.#standing(account, reply.binary(reply.length()));
    const { lease, startAtMs, endAtMs, drawn, returned, elsewhere } = standing;
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

  #standing(account: AccountId, bytes: string): Standing {
    if (bytes !== '') {
      const standing = this.#standings.of(account, bytes);
      this.#told.set(account, standing);
      return standing;
    }
    const told = this.#told.get(account);
    if (told === undefined) throw new ReplyMalformed('a copy of which only the sums are told');
    return told;
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
  const lease = unpackLease(head.binary(head.byte()));
  head.end();
  return { lease, startAtMs, endAtMs, drawn, returned, elsewhere: unpackElsewhere(reader) };
}
