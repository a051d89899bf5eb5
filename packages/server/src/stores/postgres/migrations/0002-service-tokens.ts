/** Service tokens: who may call. The secret is never stored, only its SHA-256. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table service_tokens (
      id text primary key,
      tenant text not null,
      name text not null,
      scopes text[] not null,
      secret_hash bytea not null check (octet_length(secret_hash) = 32),
      created_at timestamptz not null,
      revoked_at timestamptz
    )`.execute(db);
}
