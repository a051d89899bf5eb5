/**
 * Applying a batch of commands: load under locks, decide in order, write, all in one transaction.
 *
 * What the PostgreSQL tier and the authority have in common. Restates no rule: core's `decide` works on the
 * loaded rows. A transaction that another one got in the way of is decided anew, a few times.
 */
import {
  type AccountId,
  type Books,
  carryCommand,
  type Changes,
  type Clock,
  type Command,
  decide,
  DIRECT,
  type HolderId,
  type InstantMs,
  LAZY_EXPIRY_MAX,
  type Leg,
  type Outcome,
  type Policy,
  type ReservationId,
  UNKNOWN_HOLDER,
} from '@bursar/core';
import type { Kysely, Transaction } from 'kysely';
import { type CarriedLeg, watchCarries } from './carries.ts';
import { KnownRows } from './known-rows.ts';
import { loadBatch, type LoadedBatch } from './load-batch.ts';
import type { Database } from './schema.ts';
import { isRefused, isWorthAnotherTry, toStoreError } from './store-failure.ts';
import { PendingChanges } from './write-batch.ts';

/** How often a batch is decided anew when another transaction got in the way. */
const TRIES_MAX = 8;

/** What a batch does besides its commands. */
export interface BatchOptions {
  /** Whose journal the reports come from: the holder of leases that nobody knew. */
  readonly holder?: HolderId | undefined;
  /** Accounts that are looked at before the commands, whether they have more to carry, and since when they are watched. */
  readonly carrying?: ReadonlyMap<AccountId, InstantMs> | undefined;
  /** First in the transaction, before anything is locked. What it throws ends it. */
  readonly before?: ((transaction: Transaction<Database>) => Promise<void>) | undefined;
  /** Under the locks: which of the commands are still to be executed. */
  readonly select?:
    | ((transaction: Transaction<Database>) => Promise<readonly Command[]>)
    | undefined;
  /** Last in the transaction, when everything is written: what becomes true together with the outcomes. */
  readonly after?:
    | ((transaction: Transaction<Database>, outcomes: readonly Outcome[]) => Promise<void>)
    | undefined;
}

/** Applies batches to one database. */
export class BatchApplier {
  readonly #db: Kysely<Database>;
  readonly #clock: Clock | undefined;
  readonly #policy: Policy;
  readonly #known = new KnownRows();

  constructor(
    options: { readonly db: Kysely<Database>; readonly clock: Clock | undefined } & Policy,
  ) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#policy = { defaultLimit: options.defaultLimit };
  }

  /**
   * The outcomes of `commands`, in their order, once they are committed. Throws what one of them was refused with, else `store_unavailable` (nothing changed) or `store_timeout` (nobody knows).
   */
  async apply(
    commands: readonly Command[],
    options: BatchOptions = {},
  ): Promise<readonly Outcome[]> {
    for (let tries = 1; ; tries += 1) {
      let mayHaveCommitted = false;
      try {
        const { outcomes, books } = await this.#db.transaction().execute(async (transaction) => {
          await options.before?.(transaction);
          const loaded = await loadBatch(transaction, commands, {
            testNowMs: this.#clock?.nowMs(),
            // A second try trusts nothing.
            known: tries === 1 ? this.#known : undefined,
            carrying: [...(options.carrying?.keys() ?? [])],
          });
          const pending = new PendingChanges(loaded.stored);
          for (const carried of loaded.carried) this.#carry(loaded, carried, pending);
          const selected = (await options.select?.(transaction)) ?? commands;
          const decided = selected.map((command) =>
            this.#decide(loaded, command, pending, options.holder),
          );
          await pending.write(transaction, loaded.nowMs);
          const watched = loaded.carried.filter(({ leg }) => loaded.books.account(leg.account));
          await watchCarries(transaction, watched, loaded.nowMs, options.carrying ?? new Map());
          await options.after?.(transaction, decided);
          mayHaveCommitted = true;
          return { outcomes: decided, books: loaded.books };
        });
        this.#remember(commands, books);
        return outcomes;
      } catch (error) {
        if (tries < TRIES_MAX && !mayHaveCommitted && isWorthAnotherTry(error)) continue;
        throw isRefused(error) ? error : toStoreError(error, mayHaveCommitted);
      }
    }
  }

  /** What was committed, for the batches to come. */
  #remember(commands: readonly Command[], books: Books): void {
    for (const command of commands) {
      if ('leg' in command && books.account(command.leg.account) !== undefined) {
        this.#known.rememberAccount(command.leg.account);
      }
      // Of a call that comes home with its end hardly anything is heard again.
      if (command.kind === 'ingest' && command.state !== 'reserved') continue;
      const reservation = 'reservation' in command && books.reservation(command.reservation);
      if (!reservation) continue;
      this.#known.rememberReservation(reservation.id, reservation.accounts);
      for (const id of reservation.accounts) this.#known.rememberAccount(id);
    }
  }

  /** Brings an account up to date with what it has to carry; one that cannot hold it stays as it is. */
  #carry(loaded: LoadedBatch, carried: CarriedLeg, pending: PendingChanges): void {
    const { books, nowMs } = loaded;
    const carry = carryCommand(books, carried.leg, carried, this.#policy, nowMs);
    if (carry !== undefined) this.#decide(loaded, carry, pending, undefined);
  }

  #decide(
    loaded: LoadedBatch,
    command: Command,
    pending: PendingChanges,
    holder: HolderId | undefined,
  ): Outcome {
    const post = (step: Command): Outcome => {
      const decision = decide(loaded.books, step, this.#policy, loaded.nowMs);
      const changes = heldBy(holder, decision.changes);
      loaded.books.post(changes);
      pending.add(changes);
      for (const leg of changes.legs) if (isDue(leg, loaded.nowMs)) loaded.due.add(leg.reservation);
      return decision.outcome;
    };
    if (command.kind === 'reserve') {
      const accounts = command.legs.map(({ account }) => account);
      for (const id of dueOn(loaded, accounts)) post({ kind: 'expire', reservation: id });
    }
    return post(command);
  }
}

/** `changes` with `holder` for the leases that have none. */
function heldBy(holder: HolderId | undefined, changes: Changes): Changes {
  const isUnknown = changes.leases.some((lease) => lease.holder === UNKNOWN_HOLDER);
  if (holder === undefined || !isUnknown) return changes;
  const leases = changes.leases.map((lease) =>
    lease.holder === UNKNOWN_HOLDER ? { ...lease, holder } : lease,
  );
  return { ...changes, leases };
}

/**
 * Reservations on `accounts` that are open and due as the batch stands now, by deadline and then by id. Not
 * those with an open leg on a lease: its holder ends them, or a sweep when the holder is gone.
 */
function dueOn(
  { books, due, nowMs }: LoadedBatch,
  accounts: readonly AccountId[],
): readonly ReservationId[] {
  const legs = [...due].flatMap((id) => {
    // A report of the same batch may have put it on more accounts.
    const open = (books.reservation(id)?.accounts ?? [])
      .flatMap((account) => books.leg(account, id) ?? [])
      .filter(({ state }) => state === 'reserved');
    return open.every(({ lease }) => lease === DIRECT) ? open : [];
  });
  const found = legs
    .filter((leg) => accounts.includes(leg.account) && isDue(leg, nowMs))
    .toSorted((a, b) => a.deadlineAtMs - b.deadlineAtMs || (a.reservation < b.reservation ? -1 : 1))
    .map(({ reservation }) => reservation);
  return [...new Set(found)].slice(0, LAZY_EXPIRY_MAX);
}

function isDue({ state, deadlineAtMs }: Leg, nowMs: InstantMs): boolean {
  return state === 'reserved' && deadlineAtMs <= nowMs;
}
