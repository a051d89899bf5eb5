/**
 * The PostgreSQL authority: the tier at the bottom, and what it offers to the holders of its leases.
 *
 * Commands go the tier's way (`apply-batch.ts`). What is added here is who holds what: datasets and their
 * incarnations, journals and how far they are in the ledger, the processes that may still carry a lease's
 * money, and what copies have to be told. None of it is on the way of a call.
 */
import {
  assert,
  type AccountId,
  type AskedBack,
  type Authority,
  type Command,
  type Correction,
  type DurationMs,
  type EndedLeg,
  EXECUTE_ALL_MAX,
  type HolderId,
  type JournalClaim,
  type JournalPosition,
  type Lease,
  type LeaseId,
  type Outcome,
  type OverdueLease,
  type ReservationId,
  type SetAside,
  type Worker,
} from '@bursar/core';
import { sql, type Transaction } from 'kysely';
import { beginDataset } from './begin-dataset.ts';
import { claimJournal, type JournalName, journalPositions, moveJournal } from './journals.ts';
import {
  answerAskedBack,
  askBack,
  askedBack,
  forgetGoneProcesses,
  stillAsked,
  suspectSilent,
} from './process-leases.ts';
import { PostgresTier } from './postgres-tier.ts';
import { correctionFromRow, leaseFromRow } from './rows.ts';
import type { CorrectionRow, Database, LeaseRow, LegRow } from './schema.ts';
import { isWorthAnotherTry, toStoreError } from './store-failure.ts';
import {
  ALWAYS_UP,
  findClosable,
  findOverdue,
  forgetSilentWorkers,
  SERVER_START,
  stillClosable,
} from './suspects.ts';

/** How often a registration is tried anew when another transaction got in the way. */
const TRIES_MAX = 8;
/** Most leases closed in one transaction, which keeps their accounts locked. */
const CLOSED_TOGETHER_MAX = 100;

/**
 * Accounts and leases in PostgreSQL. When the database refuses a value of a command, `executeAll` and
 * `ingest` throw its error as it is (not a `BursarError`), with nothing changed: whoever called finds the
 * command by halving the batch.
 */
export class PostgresAuthority extends PostgresTier implements Authority {
  async executeAll(commands: readonly Command[]): Promise<readonly Outcome[]> {
    assertBounded(commands);
    return commands.length === 0 ? [] : this.batches.apply(commands);
  }

  async lease(account: AccountId, id: Lease['id']): Promise<Lease | undefined> {
    const { rows } = await this.read(
      sql<LeaseRow>`
        select * from leases where account_id = ${account} and id = ${id} and id <> 'direct'`,
    );
    return rows[0] === undefined ? undefined : leaseFromRow(rows[0]);
  }

  async ended(reservations: readonly ReservationId[]): Promise<readonly EndedLeg[]> {
    assertBounded(reservations);
    const { rows } = await this.read(
      sql<Pick<LegRow, 'reservation_id' | 'account_id' | 'lease_id' | 'state'>>`
        select reservation_id, account_id, lease_id, state
        from legs
        where reservation_id = any(${reservations}::text[]) and state <> 'reserved'`,
    );
    return rows.map((row) => ({
      reservation: row.reservation_id as ReservationId,
      account: row.account_id as AccountId,
      lease: row.lease_id as LeaseId,
      state: row.state as EndedLeg['state'],
    }));
  }

  async overdue(options: Parameters<Authority['overdue']>[0]): Promise<readonly OverdueLease[]> {
    return this.guard(() => findOverdue(this.db, { ...options, now: this.now() }));
  }

  async begin(dataset: {
    readonly holder: HolderId;
    readonly lineage: string;
    readonly incarnation: number;
  }): Promise<number> {
    return this.#transact((transaction) => beginDataset(transaction, dataset, this.now()));
  }

  async claimJournal(
    journal: JournalName & { readonly worker: string; readonly ttlMs: number },
  ): Promise<JournalClaim | undefined> {
    const position = await this.guard(() => claimJournal(this.db, journal, this.now()));
    return position === undefined ? undefined : { position };
  }

  async ingest(
    batch: JournalName & {
      readonly worker: string;
      readonly after: JournalPosition;
      readonly position: JournalPosition;
      readonly commands: readonly Command[];
    },
  ): Promise<readonly Outcome[]> {
    assertBounded(batch.commands);
    return this.batches.apply(batch.commands, {
      holder: batch.holder,
      before: (transaction) => moveJournal(transaction, batch),
    });
  }

  async positions(
    holder: HolderId,
    incarnation: number,
  ): Promise<ReadonlyMap<number, JournalPosition>> {
    return this.guard(() => journalPositions(this.db, holder, incarnation));
  }

  async corrections(holder: HolderId, limit: number): Promise<readonly Correction[]> {
    const { rows } = await this.read(
      sql<CorrectionRow>`
        select corrections.*
        from corrections
        join leases on leases.account_id = corrections.account_id and leases.id = corrections.lease_id
        where leases.holder = ${holder}
        order by
          corrections.made_at, corrections.account_id, corrections.reservation_id, corrections.lease_id
        limit ${limit}`,
    );
    return rows.map(correctionFromRow);
  }

  async corrected(corrections: readonly Correction[]): Promise<void> {
    await this.read(sql`
      delete from corrections
      using unnest(
        ${corrections.map(({ account }) => account)}::text[],
        ${corrections.map(({ reservation }) => reservation)}::text[],
        ${corrections.map(({ lease }) => lease)}::text[],
        ${corrections.map(({ state }) => state)}::text[],
        ${corrections.map(({ spent }) => BigInt(spent).toString())}::bigint[]
      ) as told (account_id, reservation_id, lease_id, state, spent_nano_usd)
      where corrections.account_id = told.account_id
        and corrections.reservation_id = told.reservation_id
        and corrections.lease_id = told.lease_id
        and corrections.state = told.state
        and corrections.spent_nano_usd = told.spent_nano_usd`);
  }

  async attest({ id, holder, incarnation, oldestMs }: Worker): Promise<void> {
    await this.read(sql`
      insert into workers (id, holder, incarnation, seen_at, clean_since)
      select ${id}, ${holder}, ${incarnation}::bigint, clock.now,
        clock.now - ${oldestMs}::float8 * interval '1 millisecond'
      from (select ${this.now()} as now) as clock
      on conflict (id) do update set
        holder = excluded.holder,
        incarnation = excluded.incarnation,
        seen_at = excluded.seen_at,
        clean_since = excluded.clean_since`);
  }

  async leave(worker: string): Promise<void> {
    await this.#transact(async (transaction) => {
      await sql`delete from workers where id = ${worker}`.execute(transaction);
      await sql`
        update journals set claimed_by = null, claimed_until = null
        where claimed_by = ${worker}`.execute(transaction);
    });
  }

  async closeSuspects(options: Parameters<Authority['closeSuspects']>[0]): Promise<number> {
    // A test's clock says nothing about how long the server has been up.
    const upSince = this.clock === undefined ? SERVER_START : ALWAYS_UP;
    const rules = { ...options, now: this.now(), upSince };
    await this.guard(() => forgetSilentWorkers(this.db, rules));
    const found = await this.guard(() => findClosable(this.db, rules, options.limit));
    let closed = 0;
    for (let start = 0; start < found.length; start += CLOSED_TOGETHER_MAX) {
      const commands = found.slice(start, start + CLOSED_TOGETHER_MAX);
      const outcomes = await this.batches.apply(commands, {
        select: (transaction) => stillClosable(transaction, commands, rules),
      });
      closed += outcomes.filter(
        (outcome) => outcome.outcome === 'applied' && !outcome.replayed,
      ).length;
    }
    return closed;
  }

  async suspectSilent({ deadAfterMs }: { readonly deadAfterMs: DurationMs }): Promise<number> {
    const upSince = this.clock === undefined ? SERVER_START : ALWAYS_UP;
    const rules = { deadAfterMs, now: this.now(), upSince };
    return this.#transact(async (transaction) => {
      await forgetGoneProcesses(transaction, rules);
      return suspectSilent(transaction, rules);
    });
  }

  async askBack(account: AccountId, asking: HolderId): Promise<number> {
    return this.guard(() => askBack(this.db, account, asking, this.now()));
  }

  async stillAsked(account: AccountId, asking: HolderId): Promise<number> {
    return this.guard(() => stillAsked(this.db, account, asking));
  }

  async askedBack(holder: HolderId): Promise<readonly AskedBack[]> {
    return this.guard(() => askedBack(this.db, holder));
  }

  async answerAskedBack(holder: HolderId, asked: readonly AskedBack[]): Promise<void> {
    if (asked.length > 0) await this.guard(() => answerAskedBack(this.db, holder, asked));
  }

  async setAside(events: readonly SetAside[]): Promise<void> {
    // A text of PostgreSQL holds no NUL. What cannot be read anyway must not be what stops everything.
    await this.read(sql`
      insert into set_aside_events (id, holder, reason, message, event, at)
      select * from unnest(
        ${events.map(({ id }) => id)}::text[],
        ${events.map(({ holder }) => holder)}::text[],
        ${events.map(({ reason }) => reason)}::text[],
        ${events.map(({ message }) => message)}::text[],
        ${events.map(({ event }) => event.replaceAll('\0', '\uFFFD'))}::text[],
        ${events.map(({ atMs }) => new Date(atMs).toISOString())}::timestamptz[]
      )
      on conflict (id) do nothing`);
  }

  async #transact<Result>(
    work: (transaction: Transaction<Database>) => Promise<Result>,
  ): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.db.transaction().execute(work);
      } catch (error) {
        if (tries < TRIES_MAX && isWorthAnotherTry(error)) continue;
        // Registering again is harmless, so it does not matter whether this one was.
        throw toStoreError(error, false);
      }
    }
  }
}

function assertBounded(commands: readonly (Command | ReservationId)[]): void {
  assert(
    commands.length <= EXECUTE_ALL_MAX,
    'a transaction takes at most EXECUTE_ALL_MAX commands',
  );
}
