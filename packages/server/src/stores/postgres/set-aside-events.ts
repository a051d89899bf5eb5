/**
 * Events that were set aside: looking at them, executing them once more, and writing down what became of them.
 *
 * Each is resolved once, under a lock on its row and in the transaction that changes the ledger, so that a
 * process that dies, a repeat and two people at once do nothing twice. Restates no rule: an event goes the way
 * of every report (`apply-batch.ts`). Where another cost was booked first, that stays, because entries are
 * never changed; a person may have the difference booked beside it.
 */
import {
  type Administer,
  assert,
  type Clock,
  type Command,
  type HolderId,
  type Ingest,
  type Outcome,
  type Policy,
  type SetAside,
  signedAmount,
  ZERO,
} from '@bursar/core';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { isAway } from '../../leasing/away.ts';
import {
  checkName,
  checkNote,
  type Replay,
  type Resolution,
  type SetAsideEvent,
} from '../../set-aside/resolution.ts';
import { readStoredEvent } from '../../set-aside/stored-event.ts';
import { BatchApplier } from './apply-batch.ts';
import { instantOf } from './rows.ts';
import type { Database, SetAsideEventRow } from './schema.ts';
import { toStoreError } from './store-failure.ts';

/** Events read at once. */
const PAGE = 100;
/** Most characters of the database's own words. */
const WHY_LENGTH_MAX = 500;

type Adjust = Extract<Administer, { kind: 'adjust' }>;

/** Which events. */
export interface EventFilter {
  /** Only those that nothing became of yet. */
  readonly isOpen?: boolean;
  readonly reason?: SetAside['reason'] | undefined;
}

/** The events in table `set_aside_events`. */
export class SetAsideEvents {
  readonly #db: Kysely<Database>;
  readonly #clock: Clock | undefined;
  readonly #batches: BatchApplier;

  constructor(
    options: {
      readonly db: Kysely<Database>;
      /** For tests; otherwise the database's clock decides. */
      readonly clock?: Clock | undefined;
    } & Policy,
  ) {
    this.#db = options.db;
    this.#clock = options.clock;
    const { db, clock, defaultLimit } = options;
    this.#batches = new BatchApplier({ db, clock, defaultLimit });
  }

  /** The events that `filter` asks for, those set aside first before the others, a page in memory at a time. */
  async *list({ isOpen = false, reason }: EventFilter = {}): AsyncGenerator<SetAsideEvent> {
    for (let after: string | undefined; ;) {
      const rows = await this.#read(sql<SetAsideEventRow>`
        select * from set_aside_events
        where ${isOpen ? sql`resolution is null` : sql`true`}
          and ${reason === undefined ? sql`true` : sql`reason = ${reason}`}
          and ${after === undefined ? sql`true` : sql`(at, id) > (select at, id from set_aside_events where id = ${after})`}
        order by at, id
        limit ${PAGE}`);
      yield* rows.map(eventFromRow);
      if (rows.length < PAGE) return;
      after = rows.at(-1)?.id;
    }
  }

  /** The event with this id. */
  async find(id: string): Promise<SetAsideEvent | undefined> {
    const [row] = await this.#read(
      sql<SetAsideEventRow>`select * from set_aside_events where id = ${id}`,
    );
    return row === undefined ? undefined : eventFromRow(row);
  }

  /**
   * Executes `event` once more, and resolves it when the ledger then says what it says. Repeating is safe.
   * Throws `store_unavailable`, `store_timeout` (repeat it), and `input_invalid` for a name that is none.
   */
  async replay(event: SetAsideEvent, by: string): Promise<Replay> {
    checkName(by);
    const found = reportOf(event);
    return 'result' in found ? found : this.#replay(event, found, by);
  }

  /**
   * The same; and where another cost was booked first, books the difference to what `event` says as an
   * adjustment of the account, with the event's id as its key.
   */
  async accept(event: SetAsideEvent, by: string): Promise<Replay> {
    checkName(by);
    const found = reportOf(event);
    if ('result' in found) return found;
    const replayed = await this.#replay(event, found, by);
    return replayed.result === 'conflict' ? this.#adjust(event, found, by) : replayed;
  }

  /**
   * Writes down that the event will not be booked, and why. Answers the event as it is then: what was decided
   * before stays. Throws `input_invalid`, naming `by` or `reason`.
   */
  async dismiss(id: string, by: string, note: string): Promise<SetAsideEvent | undefined> {
    checkName(by);
    checkNote(note);
    await this.#read(sql`
      update set_aside_events
      set resolution = 'dismissed', dismissed_at = ${this.#now()}, resolved_by = ${by}, note = ${note}
      where id = ${id} and resolution is null`);
    return this.find(id);
  }

  async #replay(event: SetAsideEvent, report: Ingest, by: string): Promise<Replay> {
    return this.#once(event, report, {
      select: async () => [report],
      replayOf([outcome]) {
        if (outcome?.outcome !== 'applied') return refused(outcome);
        const { conflict, spent: booked } = outcome;
        return conflict
          ? { result: 'conflict', booked, reported: report.spent }
          : { result: 'booked' };
      },
      resolution: { kind: 'replayed', by, note: null },
    });
  }

  async #adjust(event: SetAsideEvent, report: Ingest, by: string): Promise<Replay> {
    const { reservation, leg, spent } = report;
    const detail = { by, setAsideEvent: event.id, reservation };
    let command: Adjust = { kind: 'adjust', key: event.id, amount: ZERO, detail, leg };
    let isBooked = false;
    return this.#once(event, command, {
      // Under the account's lock, so that two events about one call do not both book their difference.
      select: async (transaction) => {
        const booked = await bookedNow(transaction, report);
        isBooked = booked !== undefined;
        command = { ...command, amount: signedAmount(spent - Number(booked ?? spent)) };
        return command.amount === 0 ? [] : [command];
      },
      replayOf(outcomes) {
        if (!isBooked) return { result: 'refused', why: 'The ledger changed meanwhile.' };
        return outcomes.every(({ outcome }) => outcome === 'applied')
          ? { result: 'accepted', difference: command.amount }
          : refused(outcomes[0]);
      },
      resolution: { kind: 'accepted', by, note: null },
    });
  }

  /**
   * Executes what `select` gives in a transaction that has the event to itself, with what `command` needs
   * loaded; and resolves the event when `replayOf` says that it is in the ledger.
   */
  async #once(
    event: SetAsideEvent,
    command: Command,
    options: {
      readonly select: (transaction: Transaction<Database>) => Promise<readonly Command[]>;
      readonly replayOf: (outcomes: readonly Outcome[]) => Replay;
      readonly resolution: Omit<Resolution, 'atMs'>;
    },
  ): Promise<Replay> {
    let isOpen = false;
    let replay: Replay | undefined;
    try {
      await this.#batches.apply([command], {
        holder: event.holder,
        before: async (transaction) => {
          replay = undefined;
          isOpen = await lockIfOpen(transaction, event.id);
        },
        select: async (transaction) => (isOpen ? options.select(transaction) : []),
        after: async (transaction, outcomes) => {
          if (!isOpen) return;
          replay = options.replayOf(outcomes);
          const { kind, by, note } = options.resolution;
          if (replay.result !== 'booked' && replay.result !== 'accepted') return;
          await sql`
            update set_aside_events
            set resolution = ${kind}, replayed_at = ${this.#now()}, resolved_by = ${by}, note = ${note}
            where id = ${event.id}`.execute(transaction);
        },
      });
    } catch (error) {
      if (isAway(error)) throw error;
      return { result: 'refused', why: (error as Error).message.slice(0, WHY_LENGTH_MAX) };
    }
    return replay ?? this.#resolved(event.id);
  }

  /** What somebody else decided meanwhile. */
  async #resolved(id: string): Promise<Replay> {
    const { resolution = null } = (await this.find(id)) ?? {};
    assert(resolution !== null, 'an event that is not open is resolved, and stays in its table');
    return { result: 'resolved', resolution };
  }

  async #read<Row>(query: RawBuilder<Row>): Promise<readonly Row[]> {
    try {
      return (await query.execute(this.#db)).rows;
    } catch (error) {
      throw toStoreError(error, false);
    }
  }

  #now(): RawBuilder<Date> {
    const at = this.#clock === undefined ? null : new Date(this.#clock.nowMs()).toISOString();
    return sql<Date>`coalesce(${at}::timestamptz, clock_timestamp())`;
  }
}

/** The report that `event` is, or why it cannot be executed. */
function reportOf({ reason, event, resolution }: SetAsideEvent): Ingest | Replay {
  if (resolution !== null) return { result: 'resolved', resolution };
  if (reason === 'malformed') {
    return { result: 'unreadable', why: 'It did not read back, so nobody knows what it says.' };
  }
  const read = readStoredEvent(event);
  return 'report' in read ? read.report : { result: 'unreadable', why: read.problem };
}

/** Locks the event until the transaction ends; answers whether nothing became of it yet. */
async function lockIfOpen(transaction: Transaction<Database>, id: string): Promise<boolean> {
  const { rows } = await sql`
    select id from set_aside_events where id = ${id} and resolution is null for update`.execute(
    transaction,
  );
  return rows.length > 0;
}

/**
 * What is booked for the call on the account of `report`, with what events about it that were accepted have
 * adjusted; nothing when the call is not settled there.
 */
async function bookedNow(
  transaction: Transaction<Database>,
  { reservation, leg }: Ingest,
): Promise<bigint | undefined> {
  const { rows } = await sql<{ booked: bigint }>`
    select legs.spent_nano_usd + coalesce((
      select sum(entries.amount_nano_usd)::bigint from ledger_entries as entries
      where entries.account_id = legs.account_id
        and entries.reservation_id is null
        and entries.kind = 'adjust'
        and entries.detail ->> 'setAsideEvent' = entries.key
        and entries.detail ->> 'reservation' = legs.reservation_id
    ), 0) as booked
    from legs
    where reservation_id = ${reservation} and account_id = ${leg.account} and state = 'settled'`.execute(
    transaction,
  );
  return rows[0]?.booked;
}

function refused(outcome: Outcome | undefined): Replay {
  return {
    result: 'refused',
    why: `The ledger answers ${JSON.stringify(outcome ?? null).slice(0, WHY_LENGTH_MAX)}.`,
  };
}

function eventFromRow(row: SetAsideEventRow): SetAsideEvent {
  const { id, holder, reason, message, event, at, resolution: kind } = row;
  const resolvedAt = row.replayed_at ?? row.dismissed_at;
  return {
    id,
    holder: holder as HolderId,
    reason: reason as SetAside['reason'],
    message,
    event,
    atMs: instantOf(at),
    resolution:
      kind === null || resolvedAt === null
        ? null
        : {
            kind: kind as Resolution['kind'],
            atMs: instantOf(resolvedAt),
            by: row.resolved_by ?? '',
            note: row.note,
          },
  };
}
