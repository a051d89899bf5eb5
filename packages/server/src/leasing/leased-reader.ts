/**
 * Reading what is in two places: an account that is partly in the authority and partly in a copy, a
 * reservation that either may know better, a ledger some of which is still in a journal.
 *
 * For answers and displays; nothing is decided on what is read here.
 */
import {
  type Account,
  type AccountId,
  accountParts,
  type Authority,
  type Copy,
  type CopyAnswer,
  type CopyCommand,
  DIRECT,
  elsewhereOf,
  type Lease,
  type LedgerEntry,
  outstanding,
  RANK,
  type ReservationId,
  type ReservationSnapshot,
  type Tier,
  wholeAccount,
} from '@bursar/core';
import { isAway } from './away.ts';
import type { CopiesGate } from './copies-gate.ts';

/** How often an account is read again because its lease changed meanwhile. */
const TORN_READS_MAX = 5;

/** What reading needs. */
export interface LeasedReaderOptions {
  readonly gate: CopiesGate;
  readonly authority: Authority;
  /** Knows what is decided while the copies are away; the authority itself unless given. */
  readonly fallback?: Tier | undefined;
  readonly shardOf: (tenant: string) => number;
  /** Brings a shard's journal home, so that the ledger can be read. */
  readonly bringHome?: ((shard: number) => Promise<void>) | undefined;
}

/** Reads accounts, reservations and ledgers as a whole. */
export class LeasedReader {
  readonly #options: LeasedReaderOptions;
  readonly #fallback: Tier;

  constructor(options: LeasedReaderOptions) {
    this.#options = options;
    this.#fallback = options.fallback ?? options.authority;
  }

  /** The account with what its copy knows; without the authority, as the copy last heard of it. */
  async account(id: AccountId): Promise<Account | undefined> {
    const answer = await this.askQuietly({ kind: 'read', account: id });
    const copy = answer?.answer === 'copy' ? answer.copy : null;
    if (copy === null) return this.#fallback.account(id);
    try {
      const { account, lease } = await this.#readTogether(id, copy);
      if (account === undefined) return wholeAccount(copy, DIRECT);
      if (lease === undefined) return account;
      const elsewhere = elsewhereOf(account, outstanding(lease), lease.settled);
      const sequence = Math.max(copy.sequence, account.sequence);
      return wholeAccount({ ...copy, elsewhere, sequence }, DIRECT);
    } catch (error) {
      if (!isAway(error)) throw error;
      return wholeAccount(copy, DIRECT);
    }
  }

  /** The reservation as whoever knows more of it has it. `accounts`: where it is, if that is known. */
  async reservation(
    id: ReservationId,
    accounts: readonly AccountId[] | undefined,
  ): Promise<ReservationSnapshot | undefined> {
    const [copied, booked] = await Promise.all([
      this.askQuietly({ kind: 'find', reservation: id, accounts }),
      this.#fallback.reservation(id).catch((error: unknown) => {
        if (isAway(error)) return undefined;
        throw error;
      }),
    ]);
    if (copied?.answer !== 'found') return booked;
    const { leases: _leases, ...snapshot } = copied.found;
    return booked !== undefined && rankOf(booked) > rankOf(snapshot) ? booked : snapshot;
  }

  /** A page of the ledger, with what was in the journal up to now. */
  async entries(query: Parameters<Authority['entries']>[0]): Promise<readonly LedgerEntry[]> {
    await this.bringHome(query.account);
    return this.#fallback.entries(query);
  }

  /** Brings the journal of an account home as far as that is possible now. */
  async bringHome(account: AccountId): Promise<void> {
    const { gate, bringHome, shardOf } = this.#options;
    if (!gate.isOpen || bringHome === undefined) return;
    await bringHome(shardOf(accountParts(account).tenant)).catch((error: unknown) => {
      if (!isAway(error)) throw error;
    });
  }

  /** The copies' answer, or nothing while they are away. */
  async askQuietly(command: CopyCommand): Promise<CopyAnswer | undefined> {
    const { gate } = this.#options;
    if (!gate.isOpen) return undefined;
    try {
      return await gate.execute(command);
    } catch (error) {
      if (isAway(error)) return undefined;
      throw error;
    }
  }

  /** Account and lease of one moment: a journal that comes home between two reads would be in one of them only. */
  async #readTogether(
    id: AccountId,
    copy: Copy,
  ): Promise<{ readonly account: Account | undefined; readonly lease: Lease | undefined }> {
    const { authority } = this.#options;
    let lease = await authority.lease(id, copy.lease);
    for (let tries = 1; ; tries += 1) {
      const account = await authority.account(id);
      const again = await authority.lease(id, copy.lease);
      const isSame = again?.settled === lease?.settled && again?.drawn === lease?.drawn;
      if (isSame || tries >= TORN_READS_MAX) return { account, lease: again };
      lease = again;
    }
  }
}

function rankOf({ state }: Pick<ReservationSnapshot, 'state'>): number {
  return state === 'reserved' ? -1 : RANK[state];
}
