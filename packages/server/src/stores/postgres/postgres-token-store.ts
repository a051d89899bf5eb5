/** Token records in table `service_tokens`. */
import type { TokenScope } from '@bursar/api';
import type { InstantMs, TenantId } from '@bursar/core';
import type { Kysely } from 'kysely';
import type { TokenRecord, TokenStore } from '../../tokens/token-store.ts';
import { instantOf } from './rows.ts';
import type { Database, ServiceTokenRow } from './schema.ts';
import { toStoreError } from './store-failure.ts';

/** Keeps records in PostgreSQL. Looks up by public id only; secrets never reach SQL, not even hashed. */
export class PostgresTokenStore implements TokenStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async find(id: string): Promise<TokenRecord | undefined> {
    const row = await this.#guard(() =>
      this.#db.selectFrom('service_tokens').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : recordOf(row);
  }

  async add(record: TokenRecord): Promise<void> {
    await this.#guard(() =>
      this.#db
        .insertInto('service_tokens')
        .values({
          id: record.id,
          tenant: record.tenant,
          name: record.name,
          scopes: [...record.scopes],
          secret_hash: record.secretHash,
          created_at: new Date(record.createdAtMs),
          revoked_at: record.revokedAtMs === null ? null : new Date(record.revokedAtMs),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async list(tenant?: TenantId): Promise<readonly TokenRecord[]> {
    const rows = await this.#guard(() =>
      this.#db
        .selectFrom('service_tokens')
        .selectAll()
        .$if(tenant !== undefined, (tokens) => tokens.where('tenant', '=', tenant ?? ''))
        .orderBy('created_at')
        .execute(),
    );
    return rows.map(recordOf);
  }

  async revoke(id: string, atMs: InstantMs): Promise<boolean> {
    const { numUpdatedRows } = await this.#guard(() =>
      this.#db
        .updateTable('service_tokens')
        .set(({ fn, val }) => ({ revoked_at: fn.coalesce('revoked_at', val(new Date(atMs))) }))
        .where('id', '=', id)
        .executeTakeFirst(),
    );
    return numUpdatedRows > 0n;
  }

  async #guard<Result>(query: () => Promise<Result>): Promise<Result> {
    try {
      return await query();
    } catch (error) {
      throw toStoreError(error, false);
    }
  }
}

function recordOf(row: ServiceTokenRow): TokenRecord {
  return {
    id: row.id,
    tenant: row.tenant as TenantId,
    name: row.name,
    scopes: row.scopes as TokenScope[],
    secretHash: row.secret_hash,
    createdAtMs: instantOf(row.created_at),
    revokedAtMs: row.revoked_at === null ? null : instantOf(row.revoked_at),
  };
}
