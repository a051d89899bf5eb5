/**
 * The PostgreSQL tier: the authority, and on PGlite the embedded default.
 *
 * Restates no rule. A batch of commands loads its rows under locks, core's `decide` works on them in order,
 * and what changed is written in the same transaction: all of a batch is durable before any of it is
 * answered. On another connection or process the same rows wait for each other's locks.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  type BudgetId,
  type Clock,
  type Command,
  decide,
  type InstantMs,
  LAZY_EXPIRY_MAX,
  LEDGER_PAGE_MAX,
  type LedgerEntry,
  type Outcome,
  type OutcomeOf,
  type Policy,
  type ReservationId,
  type ReservationSnapshot,
  Books,
  snapshotOf,
  SWEEP_MAX,
  type Tier,
} from '@bursar/core';
import { type Kysely, sql } from 'kysely';
import { CommandLane, type Waiting } from './command-lane.ts';
import { KnownRows } from './known-rows.ts';
import { type DueReservation, loadBatch, type LoadedBatch } from './load-batch.ts';
import {
  accountFromRow,
  entryFromRow,
  instantOf,
  legFromRow,
  limitOf,
  reservationFromRow,
} from './rows.ts';
import type { Database } from './schema.ts';
import { isRefusedByDatabase, isWorthAnotherTry, toStoreError } from './store-failure.ts';
import { PendingChanges } from './write-batch.ts';

/** How often a batch is decided anew when another transaction got in the way. */
const TRIES_MAX = 8;

/** How a PostgreSQL tier is made. */
export interface PostgresTierOptions extends Policy {
  readonly db: Kysely<Database>;
  /** For tests; otherwise the database's clock decides. */
  readonly clock?: Clock | undefined;
}

/** Accounts in PostgreSQL. `close` leaves the database open: it belongs to whoever opened it. */
export class PostgresTier implements Tier {
  readonly name = 'postgres';
  readonly #db: Kysely<Database>;
  readonly #clock: Clock | undefined;
  readonly #policy: Policy;
  readonly #lane: CommandLane<Command, Outcome>;
  readonly #known = new KnownRows();

  constructor(options: PostgresTierOptions) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#policy = { defaultLimit: options.defaultLimit };
    this.#lane = new CommandLane((batch) => this.#run(batch));
  }

  async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    return (await this.#lane.send(command)) as OutcomeOf<C>;
  }

  async sweep(limit: number): Promise<number> {
    const { rows } = await this.#read(
      sql<{ reservation_id: string }>`
        select reservation_id from legs
        where state = 'reserved' and deadline_at <= coalesce(${this.#testTime()}::timestamptz, clock_timestamp())
        order by deadline_at, reservation_id
        limit ${Math.min(limit, SWEEP_MAX)}`,
    );
    const due = new Set(rows.map((row) => row.reservation_id as ReservationId));
    const answers = await Promise.all(
      [...due].map((reservation) => this.execute({ kind: 'expire', reservation })),
    );
    return answers.filter(
      (answer) => answer.outcome === 'applied' && !answer.replayed && answer.state === 'expired',
    ).length;
  }

  async account(id: AccountId): Promise<Account | undefined> {
    const row = await this.#guard(() =>
      this.#db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : accountFromRow(row);
  }

  async limit(budget: BudgetId): Promise<Amount | null | undefined> {
    const row = await this.#guard(() =>
      this.#db.selectFrom('budgets').selectAll().where('id', '=', budget).executeTakeFirst(),
    );
    return row === undefined || row.is_default ? undefined : limitOf(row.limit_nano_usd);
  }

  async reservation(id: ReservationId): Promise<ReservationSnapshot | undefined> {
    const rows = await this.#guard(() =>
      this.#db
        .selectFrom('reservations')
        .innerJoin('legs', 'legs.reservation_id', 'reservations.id')
        .selectAll()
        .where('reservations.id', '=', id)
        .execute(),
    );
    const books = new Books();
    for (const row of rows)
      books.post({ reservation: reservationFromRow(row), legs: [legFromRow(row)] });
    return snapshotOf(books, id);
  }

  async nowMs(): Promise<InstantMs> {
    if (this.#clock !== undefined) return this.#clock.nowMs();
    const { rows } = await this.#read(sql<{ now: Date }>`select clock_timestamp() as now`);
    return instantOf(rows[0]?.now ?? new Date(Number.NaN));
  }

  async entries(query: {
    readonly account: AccountId;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly LedgerEntry[]> {
    const before = query.before;
    const rows = await this.#guard(() =>
      this.#db
        .selectFrom('ledger_entries')
        .selectAll()
        .where('account_id', '=', query.account)
        .$if(before !== undefined, (entries) => entries.where('sequence', '<', BigInt(before ?? 0)))
        .orderBy('sequence', 'desc')
        .limit(Math.min(query.limit, LEDGER_PAGE_MAX))
        .execute(),
    );
    return rows.map(entryFromRow);
  }

  async close(): Promise<void> {
    await this.#lane.close();
  }

  async #run(batch: readonly Waiting<Command, Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.#apply(batch.map(({ command }) => command));
      for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] as Outcome);
    } catch (error) {
      // One command that the database refuses must not take the others of its batch down with it.
      if (batch.length > 1 && isRefusedByDatabase(error)) {
        for (const waiting of batch) await this.#run([waiting]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  /** The outcomes of `commands`, in their order, once they are committed. */
  async #apply(commands: readonly Command[]): Promise<readonly Outcome[]> {
    for (let tries = 1; ; tries += 1) {
      let mayHaveCommitted = false;
      try {
        const { outcomes, books } = await this.#db.transaction().execute(async (transaction) => {
          const loaded = await loadBatch(transaction, commands, {
            testNowMs: this.#clock?.nowMs(),
            // A second try trusts nothing.
            known: tries === 1 ? this.#known : undefined,
          });
          const pending = new PendingChanges(loaded.stored);
          const decided = commands.map((command) => this.#decide(loaded, command, pending));
          await pending.write(transaction);
          mayHaveCommitted = true;
          return { outcomes: decided, books: loaded.books };
        });
        this.#remember(commands, books);
        return outcomes;
      } catch (error) {
        if (tries < TRIES_MAX && !mayHaveCommitted && isWorthAnotherTry(error)) continue;
        throw isRefusedByDatabase(error) ? error : toStoreError(error, mayHaveCommitted);
      }
    }
  }

  /** What was committed, for the batches to come. */
  #remember(commands: readonly Command[], books: Books): void {
    for (const command of commands) {
      const reservation = 'reservation' in command && books.reservation(command.reservation);
      if (!reservation) continue;
      this.#known.rememberReservation(reservation.id, reservation.accounts);
      for (const id of reservation.accounts) this.#known.rememberAccount(id);
    }
  }

  #decide(loaded: LoadedBatch, command: Command, pending: PendingChanges): Outcome {
    const post = (step: Command): Outcome => {
      const { outcome, changes } = decide(loaded.books, step, this.#policy, loaded.nowMs);
      loaded.books.post(changes);
      pending.add(changes);
      return outcome;
    };
    if (command.kind === 'reserve') {
      const accounts = command.legs.map(({ account }) => account);
      for (const { id } of dueOn(loaded, accounts)) post({ kind: 'expire', reservation: id });
    }
    return post(command);
  }

  #testTime(): string | null {
    return this.#clock === undefined ? null : new Date(this.#clock.nowMs()).toISOString();
  }

  #read<Row>(query: ReturnType<typeof sql<Row>>): ReturnType<typeof query.execute> {
    return this.#guard(() => query.execute(this.#db));
  }

  async #guard<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      throw toStoreError(error, false);
    }
  }
}

/** Reservations on `accounts` that are still open and due as the batch stands now. */
function dueOn(loaded: LoadedBatch, accounts: readonly AccountId[]): readonly DueReservation[] {
  return loaded.due
    .filter(({ id }) =>
      accounts.some((account) => {
        const leg = loaded.books.leg(account, id);
        return leg?.state === 'reserved' && leg.deadlineAtMs <= loaded.nowMs;
      }),
    )
    .slice(0, LAZY_EXPIRY_MAX);
}
