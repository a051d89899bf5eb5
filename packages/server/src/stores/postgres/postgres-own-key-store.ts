/**
 * Records of own keys in table `own_keys`.
 *
 * Changes take turns: each waits for a lock before it takes its number and holds it until it is committed, so that
 * numbers become visible in their order. Without that a reader could miss a change with a lower number that is
 * committed later. Changes are made by people, a few a minute.
 */
import type { KeyRejection } from '@bursar/api';
import type { InstantMs, TenantId } from '@bursar/core';
import { type Kysely, sql, type Transaction } from 'kysely';
import {
  CHANGES_MAX,
  type KeyDigest,
  type OwnKeyChanges,
  type OwnKeyPlace,
  type OwnKeyQuery,
  type OwnKeyRecord,
  type OwnKeyStore,
  type Rejection,
} from '../../own-keys/own-key-store.ts';
import { instantOf } from './rows.ts';
import type { Database, OwnKeyRow } from './schema.ts';
import { toStoreError } from './store-failure.ts';

/** The advisory lock under which changes take turns: "ownkeys" in ASCII. */
const CHANGES_LOCK = 0x6f_77_6e_6b_65_79_73n;
/** What is left of a key that is not live any more. */
const NOTHING = { envelope: null, digest: null, digest_ring_key: null } as const;

/** Keeps records in PostgreSQL. Keys never reach SQL, only envelopes and digests. */
export class PostgresOwnKeyStore implements OwnKeyStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async live(place: OwnKeyPlace): Promise<OwnKeyRecord | undefined> {
    const row = await guard(
      () => false,
      () => liveAt(this.#db, place).selectAll().limit(1).executeTakeFirst(),
    );
    return row === undefined ? undefined : recordOf(row);
  }

  async put(record: OwnKeyRecord): Promise<void> {
    await this.#change(async (db, changed) => {
      const known = db.selectFrom('own_keys').select('id').where('id', '=', record.id);
      if ((await known.executeTakeFirst()) !== undefined) return;
      const revoked_at = new Date(record.registeredAtMs);
      await db
        .updateTable('own_keys')
        .set({ ...NOTHING, revoked_at, changed })
        .where('id', 'in', liveAt(db, record).select('id'))
        .execute();
      await db
        .insertInto('own_keys')
        .values({ ...rowOf(record), changed })
        .execute();
    });
  }

  async list({ tenant, user, all, after, limit }: OwnKeyQuery): Promise<readonly OwnKeyRecord[]> {
    const rows = await guard(
      () => false,
      () =>
        this.#db
          .selectFrom('own_keys')
          .selectAll()
          .$if(tenant !== undefined, (keys) => keys.where('tenant', '=', tenant ?? ''))
          .$if(user !== undefined, (keys) => keys.where('user_name', '=', user ?? ''))
          .$if(!all, (keys) => keys.where('revoked_at', 'is', null))
          .$if(after !== undefined, (keys) => keys.where('id', '>', after ?? ''))
          .orderBy('id')
          .limit(limit)
          .execute(),
    );
    return rows.map(recordOf);
  }

  async reject(place: OwnKeyPlace, id: string, rejected: Rejection | null): Promise<boolean> {
    return this.#change(async (db, changed) => {
      const { numUpdatedRows } = await db
        .updateTable('own_keys')
        .set({
          rejected_at: rejected === null ? null : new Date(rejected.atMs),
          rejected_reason: rejected?.reason ?? null,
          changed,
        })
        .where('id', 'in', liveAt(db, place).select('id'))
        .where('id', '=', id)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    });
  }

  async revoke(place: OwnKeyPlace, atMs: InstantMs): Promise<string | undefined> {
    const row = await this.#change((db, changed) =>
      db
        .updateTable('own_keys')
        .set({ ...NOTHING, revoked_at: new Date(atMs), changed })
        .where('id', 'in', liveAt(db, place).select('id'))
        .returning('id')
        .executeTakeFirst(),
    );
    return row?.id;
  }

  async reseal(
    id: string,
    from: Uint8Array,
    to: { readonly envelope: Uint8Array; readonly digest: KeyDigest },
  ): Promise<boolean> {
    return this.#change(async (db, changed) => {
      const { numUpdatedRows } = await db
        .updateTable('own_keys')
        .set({
          envelope: to.envelope,
          digest: to.digest.bytes,
          digest_ring_key: to.digest.ringKey,
          changed,
        })
        .where('id', '=', id)
        .where('envelope', '=', from)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    });
  }

  async changes(after: bigint | undefined): Promise<OwnKeyChanges> {
    if (after === undefined) {
      return {
        places: [],
        last: await guard(
          () => false,
          () => lastChange(this.#db),
        ),
      };
    }
    const rows = await guard(
      () => false,
      () =>
        this.#db
          .selectFrom('own_keys')
          .select(['tenant', 'user_name', 'provider'])
          // Of all that have changed, not only of those that are named.
          .select(sql<bigint>`max(changed) over ()`.as('last'))
          .where('changed', '>', after)
          .limit(CHANGES_MAX + 1)
          .execute(),
    );
    const places = rows.length > CHANGES_MAX ? 'all' : rows.map(placeOf);
    return { places, last: rows[0]?.last ?? after };
  }

  /** Runs `change` in its turn, with its number. */
  async #change<Result>(
    change: (db: Transaction<Database>, changed: bigint) => Promise<Result>,
  ): Promise<Result> {
    let isCommitting = false;
    return guard(
      () => isCommitting,
      () =>
        // Each statement must see what was committed while it waited for its turn.
        this.#db
          .transaction()
          .setIsolationLevel('read committed')
          .execute(async (db) => {
            await sql`select pg_advisory_xact_lock(${CHANGES_LOCK})`.execute(db);
            const result = await change(db, (await lastChange(db)) + 1n);
            isCommitting = true;
            return result;
          }),
    );
  }
}

async function lastChange(db: Kysely<Database>): Promise<bigint> {
  const { last } = await db
    .selectFrom('own_keys')
    .select(sql<bigint>`coalesce(max(changed), 0)`.as('last'))
    .executeTakeFirstOrThrow();
  return last;
}

function liveAt(db: Kysely<Database>, { tenant, user, provider }: OwnKeyPlace) {
  return db
    .selectFrom('own_keys')
    .where('tenant', '=', tenant)
    .where('user_name', '=', user)
    .where('provider', '=', provider)
    .where('revoked_at', 'is', null);
}

async function guard<Result>(
  mayHaveCommitted: () => boolean,
  query: () => Promise<Result>,
): Promise<Result> {
  try {
    return await query();
  } catch (error) {
    throw toStoreError(error, mayHaveCommitted());
  }
}

function rowOf(record: OwnKeyRecord): Omit<OwnKeyRow, 'changed'> {
  const { rejected, revokedAtMs } = record;
  return {
    id: record.id,
    tenant: record.tenant,
    user_name: record.user,
    provider: record.provider,
    hint: record.hint,
    digest: record.digest?.bytes ?? null,
    digest_ring_key: record.digest?.ringKey ?? null,
    envelope: record.envelope,
    registered_at: new Date(record.registeredAtMs),
    rejected_at: rejected === null ? null : new Date(rejected.atMs),
    rejected_reason: rejected?.reason ?? null,
    revoked_at: revokedAtMs === null ? null : new Date(revokedAtMs),
  };
}

function recordOf(row: OwnKeyRow): OwnKeyRecord {
  return {
    id: row.id,
    ...placeOf(row),
    hint: row.hint,
    digest: row.digest === null ? null : { bytes: row.digest, ringKey: row.digest_ring_key },
    envelope: row.envelope,
    registeredAtMs: instantOf(row.registered_at),
    rejected:
      row.rejected_at === null
        ? null
        : { atMs: instantOf(row.rejected_at), reason: row.rejected_reason as KeyRejection },
    revokedAtMs: row.revoked_at === null ? null : instantOf(row.revoked_at),
  };
}

function placeOf(row: Pick<OwnKeyRow, 'tenant' | 'user_name' | 'provider'>): OwnKeyPlace {
  return { tenant: row.tenant as TenantId, user: row.user_name, provider: row.provider };
}
