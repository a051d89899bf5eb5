/** Users' own keys at a provider, sealed, and what is left of those before them. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // A revoked row is a tombstone: neither envelope nor digest. `changed` numbers the changes of the whole table.
  await sql`
    create table own_keys (
      id text primary key,
      tenant text not null,
      user_name text not null,
      provider text not null,
      hint text not null,
      digest bytea check (octet_length(digest) = 32),
      digest_ring_key text,
      envelope bytea check (octet_length(envelope) <= 1024),
      registered_at timestamptz not null,
      rejected_at timestamptz,
      rejected_reason text check (rejected_reason in ('invalid', 'forbidden', 'no_credit')),
      revoked_at timestamptz,
      changed bigint not null,
      check ((rejected_at is null) = (rejected_reason is null)),
      check ((revoked_at is null) = (digest is not null)),
      check (revoked_at is null or (envelope is null and digest_ring_key is null))
    )`.execute(db);
  await sql`
    create unique index own_keys_live on own_keys (tenant, user_name, provider)
    where revoked_at is null`.execute(db);
  await sql`create index own_keys_of_users on own_keys (tenant, user_name, id)`.execute(db);
  await sql`create index own_keys_changed on own_keys (changed)`.execute(db);
}
