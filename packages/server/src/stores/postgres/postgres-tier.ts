/**
 * The PostgreSQL tier: the authority, and on PGlite the embedded default.
 *
 * Commands that arrive together share a transaction (`apply-batch.ts`): all of a batch is durable before any
 * of it is answered. On another connection or process the same rows wait for each other's locks.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  Books,
  type BudgetId,
  type Clock,
  type Command,
  type InstantMs,
  LEDGER_PAGE_MAX,
  type LedgerEntry,
  type Outcome,
  type OutcomeOf,
  type Policy,
  type ReservationId,
  type ReservationSnapshot,
  snapshotOf,
  SUSPECT_GRACE_MS,
  SWEEP_MAX,
  type Tier,
} from '@bursar/core';
import { type Kysely, type QueryResult, type RawBuilder, sql } from 'kysely';
import { BatchApplier } from './apply-batch.ts';
import { dueCarries } from './carries.ts';
import { CommandLane, type Waiting } from './command-lane.ts';
import {
  accountFromRow,
  entryFromRow,
  instantOf,
  legFromRow,
  limitOf,
  reservationFromRow,
} from './rows.ts';
import type { Database } from './schema.ts';
import { forgetLimiters } from './limiters.ts';
import { isRefused, toStoreError } from './store-failure.ts';

/** How a PostgreSQL tier is made. */
export interface PostgresTierOptions extends Policy {
  readonly db: Kysely<Database>;
  /** For tests; otherwise the database's clock decides. */
  readonly clock?: Clock | undefined;
}

/** Accounts in PostgreSQL. `close` leaves the database open: it belongs to whoever opened it. */
export class PostgresTier implements Tier {
  readonly name = 'postgres';
  protected readonly db: Kysely<Database>;
  protected readonly clock: Clock | undefined;
  protected readonly batches: BatchApplier;
  readonly #lane: CommandLane<Command, Outcome>;

  constructor({ db, clock, defaultLimit }: PostgresTierOptions) {
    this.db = db;
    this.clock = clock;
    this.batches = new BatchApplier({ db, clock, defaultLimit });
    this.#lane = new CommandLane((batch) => this.#run(batch));
  }

  async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    return (await this.#lane.send(command)) as OutcomeOf<C>;
  }

  async sweep(limit: number): Promise<number> {
    const { rows } = await this.read(
      sql<{ reservation_id: string }>`
        select legs.reservation_id from legs
        where legs.state = 'reserved' and legs.deadline_at <= ${this.now()}
          and not exists (
            select from legs as others
            join leases on leases.account_id = others.account_id and leases.id = others.lease_id
            where others.reservation_id = legs.reservation_id
              and others.state = 'reserved'
              and others.lease_id <> 'direct'
              and (
                leases.state = 'live'
                or leases.suspect_since > ${this.now()} - ${SUSPECT_GRACE_MS}::float8 * interval '1 millisecond'
              )
          )
        order by legs.deadline_at, legs.reservation_id
        limit ${Math.min(limit, SWEEP_MAX)}`,
    );
    await this.guard(() => forgetLimiters(this.db, this.now()));
    const due = new Set(rows.map((row) => row.reservation_id as ReservationId));
    const answers = await Promise.all(
      [...due].map((reservation) => this.execute({ kind: 'expire', reservation })),
    );
    const carrying = await this.guard(() => dueCarries(this.db, this.now()));
    for (const { account, sinceMs } of carrying) {
      await this.batches.apply([], { carrying: new Map([[account, sinceMs]]) });
    }
    return answers.filter(
      (answer) => answer.outcome === 'applied' && !answer.replayed && answer.state === 'expired',
    ).length;
  }

  async account(id: AccountId): Promise<Account | undefined> {
    const row = await this.guard(() =>
      this.db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : accountFromRow(row);
  }

  async limit(budget: BudgetId): Promise<Amount | null | undefined> {
    const row = await this.guard(() =>
      this.db.selectFrom('budgets').selectAll().where('id', '=', budget).executeTakeFirst(),
    );
    return row === undefined || row.is_default ? undefined : limitOf(row.limit_nano_usd);
  }

  async reservation(id: ReservationId): Promise<ReservationSnapshot | undefined> {
    const rows = await this.guard(() =>
      this.db
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
    if (this.clock !== undefined) return this.clock.nowMs();
    const { rows } = await this.read(sql<{ now: Date }>`select clock_timestamp() as now`);
    return instantOf(rows[0]?.now ?? new Date(Number.NaN));
  }

  async entries(query: {
    readonly account: AccountId;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly LedgerEntry[]> {
    const before = query.before;
    const rows = await this.guard(() =>
      this.db
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
      const outcomes = await this.batches.apply(batch.map(({ command }) => command));
      for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] as Outcome);
    } catch (error) {
      // One command that the database refuses must not take the others of its batch down with it.
      if (batch.length > 1 && isRefused(error)) {
        for (const waiting of batch) await this.#run([waiting]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  /** The present in SQL: the database's clock, or the test's. */
  protected now(): RawBuilder<Date> {
    const at = this.clock === undefined ? null : new Date(this.clock.nowMs()).toISOString();
    return sql<Date>`coalesce(${at}::timestamptz, clock_timestamp())`;
  }

  /** Runs `query` outside of any transaction. */
  protected read<Row>(query: RawBuilder<Row>): Promise<QueryResult<Row>> {
    return this.guard(() => query.execute(this.db));
  }

  /** What `work` gives; what the database throws becomes an error of the store. */
  protected async guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw toStoreError(error, false);
    }
  }
}
