/**
 * The leased tier: a tier that decides on copies funded by leases of the tier below.
 *
 * With Redis as the copy store and PostgreSQL as the authority it is the hybrid; with this process's memory
 * it is what decides in-process. A call touches the authority only when its account has no copy yet, when
 * the copy lacks the room, or when the copies are away.
 */
import {
  type Account,
  type AccountId,
  type Administer,
  type Amount,
  type BudgetId,
  BursarError,
  type Command,
  type Ingest,
  type InstantMs,
  type LedgerEntry,
  type Outcome,
  type OutcomeOf,
  type ReservationId,
  type ReservationSnapshot,
  type Tier,
  ZERO,
} from '@bursar/core';
import { isAway } from './away.ts';
import type { CallBook } from './call-book.ts';
import { ChangeOnLeases } from './change-on-leases.ts';
import type { LeaseDesk } from './lease-desk.ts';
import { LeasedContext, type LeasedTierOptions } from './leased-context.ts';
import { LeasedReader } from './leased-reader.ts';
import { ReserveOnLeases } from './reserve-on-leases.ts';
import type { UnconfirmedBook } from './unconfirmed.ts';

/** Decides on copies. */
export class LeasedTier implements Tier {
  readonly name: string;
  readonly calls: CallBook;
  readonly unconfirmed: UnconfirmedBook;
  readonly desk: LeaseDesk;
  readonly counts: LeasedContext['counts'];
  readonly #context: LeasedContext;
  readonly #reserving: ReserveOnLeases;
  readonly #changing: ChangeOnLeases;
  readonly #reader: LeasedReader;

  constructor(options: LeasedTierOptions) {
    this.name = options.name;
    const context = new LeasedContext(options);
    this.calls = context.calls;
    this.unconfirmed = context.unconfirmed;
    this.desk = context.desk;
    this.counts = context.counts;
    this.#context = context;
    this.#reserving = new ReserveOnLeases(context);
    this.#changing = new ChangeOnLeases(context);
    this.#reader = new LeasedReader(options);
  }

  execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    if (this.#context.isClosed) {
      return Promise.reject(
        new BursarError('store_unavailable', { message: 'The store is closed.' }),
      );
    }
    return this.#execute(command) as Promise<OutcomeOf<C>>;
  }

  #execute(command: Command): Promise<Outcome> {
    switch (command.kind) {
      case 'reserve':
        return this.#reserving.reserve(command);
      case 'extend':
      case 'settle':
      case 'release':
      case 'expire':
        return this.#changing.change(command);
      case 'setLimit':
      case 'clearLimit':
      case 'setTerms':
      case 'grant':
      case 'adjust':
        return this.#administer(command);
      case 'ingest':
        return this.#ingest(command);
      case 'openLease':
      case 'draw':
      case 'returnLease':
      case 'suspectLease':
      case 'closeLease':
        return this.#context.authority.execute(command);
    }
  }

  /** A report of a tier above: the authority books it, and the copies give up what they hold for it. */
  async #ingest(command: Ingest): Promise<Outcome> {
    const outcome = await this.#context.authority.execute(command);
    const { reservation } = command;
    const answer = await this.#reader.askQuietly({ kind: 'find', reservation });
    if (answer?.answer !== 'found' || outcome.outcome !== 'applied') return outcome;
    const { found } = answer;
    const corrections = found.reservation.accounts.flatMap((account, index) => {
      const lease = found.leases[index];
      return lease === undefined || lease === command.lease
        ? []
        : [{ account, reservation, lease, state: 'released' as const, spent: ZERO, shown: ZERO }];
    });
    if (corrections.length > 0)
      await this.#reader.askQuietly({ kind: 'correct', reservation, corrections });
    return outcome;
  }

  async #administer(command: Administer): Promise<Outcome> {
    const { gate, desk, fallback, options } = this.#context;
    // The ledger tells things in their order, and what is corrected must have been booked.
    if (command.kind !== 'setTerms') await this.#reader.bringHome(command.leg.account);
    const outcome = await fallback.execute(command);
    if (outcome.outcome !== 'applied') return outcome;
    const [account] = outcome.accounts;
    if (account === undefined || !gate.isOpen) return outcome;
    try {
      await desk.refresh(command.leg, account);
    } catch (error) {
      options.log.warn({ error }, 'a copy could not be told of a change; it draws no more');
      return outcome;
    }
    const whole = await this.account(account.id);
    return whole === undefined ? outcome : { ...outcome, accounts: [whole] };
  }

  account(id: AccountId): Promise<Account | undefined> {
    return this.#reader.account(id);
  }

  limit(budget: BudgetId): Promise<Amount | null | undefined> {
    return this.#context.authority.limit(budget);
  }

  reservation(id: ReservationId): Promise<ReservationSnapshot | undefined> {
    return this.#reader.reservation(
      id,
      this.calls.get(id)?.legs.map(({ account }) => account),
    );
  }

  entries(query: Parameters<Tier['entries']>[0]): Promise<readonly LedgerEntry[]> {
    return this.#reader.entries(query);
  }

  async sweep(limit: number): Promise<number> {
    const { gate, fallback } = this.#context;
    let ended = 0;
    if (gate.isOpen) {
      try {
        ended = await this.#sweepCopies(limit);
      } catch (error) {
        if (!isAway(error)) throw error;
      }
    }
    if (ended >= limit) return ended;
    return ended + (await fallback.sweep(limit - ended));
  }

  async #sweepCopies(limit: number): Promise<number> {
    const { gate, options } = this.#context;
    let ended = 0;
    for (let shard = 0; shard < options.shards && ended < limit; shard += 1) {
      const due = await gate.use((copies) => copies.due(shard, limit - ended));
      for (const account of due) {
        if (ended >= limit) break;
        const answer = await gate.execute({ kind: 'sweep', account, limit: limit - ended });
        if (answer.answer !== 'swept' || answer.ended === 0) continue;
        ended += answer.ended;
        const swept = await gate.execute({ kind: 'read', account });
        if (swept.answer === 'copy' && swept.copy !== null) {
          await this.#context.giveBackExcess([swept.copy]);
        }
      }
    }
    return ended;
  }

  nowMs(): Promise<InstantMs> {
    return this.#context.authority.nowMs();
  }

  async close(): Promise<void> {
    this.#context.isClosed = true;
    await this.desk.idle();
  }
}
