/** What the policies say about accounts, and the policy sets themselves: every one that was ever in force. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // The terms that an account is kept on; none of the columns is set until the policies say something about it.
  // `limit_nano_usd` is what binds: the budget's own limit, if it has one, and no limit where none is enforced.
  // `granted_nano_usd` includes what is granted here; the rest of it are the account's grant entries.
  await sql`
    alter table accounts
      add column terms_limit_nano_usd bigint check (terms_limit_nano_usd >= 0),
      add column terms_granted_nano_usd bigint check (terms_granted_nano_usd >= 0),
      add column terms_enforced boolean,
      add column terms_version bigint check (terms_version >= 0),
      add column terms_since timestamptz,
      add check (num_nulls(terms_granted_nano_usd, terms_enforced, terms_version, terms_since) in (0, 4)),
      add check (terms_version is not null or terms_limit_nano_usd is null),
      add check (granted_nano_usd >= coalesce(terms_granted_nano_usd, 0))`.execute(db);

  // Never changed and never deleted: who put which rules in force, and when.
  await sql`
    create table policy_sets (
      version bigint primary key check (version > 0),
      document text not null,
      put_by text not null,
      note text,
      put_at timestamptz not null
    )`.execute(db);
}
