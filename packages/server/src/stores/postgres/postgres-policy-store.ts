/** Policy sets in table `policy_sets`, told to other servers by NOTIFY. */
import type { Clock } from '@bursar/core';
import { type Kysely, sql, type Transaction } from 'kysely';
import {
  policyConflict,
  POLICY_HISTORY_MAX,
  type PolicyStore,
  type StoredPolicySet,
  versionTooLow,
} from '../../policies/policy-store.ts';
import { instantOf } from './rows.ts';
import type { Database, PolicySetRow } from './schema.ts';
import { isRefused, toStoreError } from './store-failure.ts';

/** The channel on which a new set is announced. */
export const POLICY_CHANNEL = 'bursar_policies';

/** Keeps sets in PostgreSQL. */
export class PostgresPolicyStore implements PolicyStore {
  readonly isShared: boolean;
  readonly listen?: NonNullable<PolicyStore['listen']>;
  readonly #db: Kysely<Database>;
  readonly #clock: Clock | undefined;

  /** `listen` hears the channel; without it nobody else is there. `clock` replaces the database's in tests. */
  constructor(options: {
    readonly db: Kysely<Database>;
    readonly clock?: Clock | undefined;
    readonly listen?: PolicyStore['listen'];
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.isShared = options.listen !== undefined;
    if (options.listen !== undefined) this.listen = options.listen;
  }

  async newest(above: number): Promise<StoredPolicySet | undefined> {
    const row = await this.#guard(() =>
      this.#db
        .selectFrom('policy_sets')
        .selectAll()
        .where('version', '>', BigInt(above))
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : { ...describedBy(row), document: row.document };
  }

  async put(set: Omit<StoredPolicySet, 'putAtMs'>, expected: number): Promise<void> {
    const at = this.#clock === undefined ? null : new Date(this.#clock.nowMs()).toISOString();
    await this.#guard(() =>
      this.#db.transaction().execute(async (transaction) => {
        // Readers go on; who else puts a set waits, and then sees this one.
        await sql`lock table policy_sets in share row exclusive mode`.execute(transaction);
        const inForce = await versionInForce(transaction);
        if (inForce !== expected) throw policyConflict(expected, inForce);
        if (set.version <= inForce) throw versionTooLow(set.version, inForce);
        await sql`
          insert into policy_sets (version, document, put_by, note, put_at)
          values (${BigInt(set.version)}::bigint, ${set.document}, ${set.putBy}, ${set.note},
            coalesce(${at}::timestamptz, clock_timestamp()))`.execute(transaction);
        await sql`select pg_notify(${POLICY_CHANNEL}, ${String(set.version)})`.execute(transaction);
      }),
    );
  }

  async history(limit: number): Promise<readonly Omit<StoredPolicySet, 'document'>[]> {
    const rows = await this.#guard(() =>
      this.#db
        .selectFrom('policy_sets')
        .select(['version', 'put_by', 'note', 'put_at'])
        .orderBy('version', 'desc')
        .limit(Math.min(limit, POLICY_HISTORY_MAX))
        .execute(),
    );
    return rows.map(describedBy);
  }

  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw isRefused(error) ? error : toStoreError(error, false);
    }
  }
}

async function versionInForce(transaction: Transaction<Database>): Promise<number> {
  const row = await transaction
    .selectFrom('policy_sets')
    .select(({ fn }) => fn.max('version').as('version'))
    .executeTakeFirst();
  return Number(row?.version ?? 0);
}

function describedBy(row: Omit<PolicySetRow, 'document'>): Omit<StoredPolicySet, 'document'> {
  return {
    version: Number(row.version),
    putBy: row.put_by,
    note: row.note,
    putAtMs: instantOf(row.put_at),
  };
}
