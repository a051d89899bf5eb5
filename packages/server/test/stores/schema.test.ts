import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isCurrent, migrate } from '../../src/stores/postgres/migrate.ts';
import { type OpenedDatabase, openDatabase } from '../../src/stores/postgres/open-database.ts';
import type { Database } from '../../src/stores/postgres/schema.ts';
import { IN_MEMORY } from './open-tier-for-test.ts';

/** The columns that the types promise; a column missing here does not compile. `?`: may be null. */
const TYPES: { readonly [T in keyof Database]: { readonly [C in keyof Database[T]]: string } } = {
  budgets: { id: 'text', is_default: 'boolean', limit_nano_usd: 'bigint?' },
  accounts: {
    id: 'text',
    budget_id: 'text',
    lease_id: 'text',
    start_at: 'timestamp with time zone',
    end_at: 'timestamp with time zone',
    limit_nano_usd: 'bigint?',
    granted_nano_usd: 'bigint',
    settled_nano_usd: 'bigint',
    reserved_nano_usd: 'bigint',
    leased_nano_usd: 'bigint',
    sequence: 'bigint',
    terms_limit_nano_usd: 'bigint?',
    terms_granted_nano_usd: 'bigint?',
    terms_enforced: 'boolean?',
    terms_version: 'bigint?',
    terms_since: 'timestamp with time zone?',
  },
  leases: {
    account_id: 'text',
    id: 'text',
    holder: 'text',
    ticket: 'bigint',
    drawn_nano_usd: 'bigint',
    returned_nano_usd: 'bigint',
    settled_nano_usd: 'bigint',
    state: 'text',
    suspect_since: 'timestamp with time zone?',
    asked_back_at: 'timestamp with time zone?',
  },
  reservations: {
    id: 'text',
    fingerprint: 'text',
    account_ids: 'ARRAY',
    terms: 'jsonb',
    created_at: 'timestamp with time zone',
    rates: 'jsonb?',
  },
  legs: {
    reservation_id: 'text',
    account_id: 'text',
    lease_id: 'text',
    state: 'text',
    amount_nano_usd: 'bigint',
    spent_nano_usd: 'bigint',
    deadline_at: 'timestamp with time zone',
    dispatched: 'boolean',
  },
  ledger_entries: {
    account_id: 'text',
    sequence: 'bigint',
    kind: 'text',
    reservation_id: 'text?',
    key: 'text',
    lease_id: 'text',
    amount_nano_usd: 'bigint',
    limit_nano_usd: 'bigint?',
    at: 'timestamp with time zone',
    detail: 'jsonb',
  },
  service_tokens: {
    id: 'text',
    tenant: 'text',
    name: 'text',
    scopes: 'ARRAY',
    secret_hash: 'bytea',
    created_at: 'timestamp with time zone',
    revoked_at: 'timestamp with time zone?',
  },
  holders: {
    holder: 'text',
    incarnation: 'bigint',
    lineage: 'text',
    changed_at: 'timestamp with time zone',
  },
  workers: {
    id: 'text',
    holder: 'text',
    incarnation: 'bigint',
    seen_at: 'timestamp with time zone',
    clean_since: 'timestamp with time zone',
  },
  journals: {
    holder: 'text',
    incarnation: 'bigint',
    shard: 'integer',
    position: 'text',
    claimed_by: 'text?',
    claimed_until: 'timestamp with time zone?',
  },
  corrections: {
    account_id: 'text',
    reservation_id: 'text',
    lease_id: 'text',
    state: 'text',
    spent_nano_usd: 'bigint',
    shown_nano_usd: 'bigint',
    made_at: 'timestamp with time zone',
  },
  set_aside_events: {
    id: 'text',
    holder: 'text',
    reason: 'text',
    message: 'text',
    event: 'text',
    at: 'timestamp with time zone',
    replayed_at: 'timestamp with time zone?',
    resolution: 'text?',
    dismissed_at: 'timestamp with time zone?',
    resolved_by: 'text?',
    note: 'text?',
  },
  own_keys: {
    id: 'text',
    tenant: 'text',
    user_name: 'text',
    provider: 'text',
    hint: 'text',
    digest: 'bytea?',
    digest_ring_key: 'text?',
    envelope: 'bytea?',
    registered_at: 'timestamp with time zone',
    rejected_at: 'timestamp with time zone?',
    rejected_reason: 'text?',
    revoked_at: 'timestamp with time zone?',
    changed: 'bigint',
  },
  policy_sets: {
    version: 'bigint',
    document: 'text',
    put_by: 'text',
    note: 'text?',
    put_at: 'timestamp with time zone',
  },
  limiters: {
    id: 'text',
    state: 'jsonb?',
    ends_at: 'timestamp with time zone',
  },
  carries: {
    account_id: 'text',
    since: 'timestamp with time zone',
    look_at: 'timestamp with time zone',
    others_sequence: 'numeric',
  },
};

let database: OpenedDatabase;
beforeAll(async () => {
  database = await openDatabase(IN_MEMORY);
});
afterAll(() => database.close());

it('migrates an empty database to exactly the tables that the types describe, and a second time does nothing', async () => {
  expect(await migrate(database)).toEqual([
    '0001-accounts',
    '0002-service-tokens',
    '0003-leases',
    '0004-process-leases',
    '0005-resolutions',
    '0006-policies',
    '0007-limiters',
    '0008-own-keys',
    '0009-carries',
    '0010-lean-rows',
    '0011-forgotten-calls',
    '0012-entries-in-order',
  ]);
  expect(await migrate(database)).toEqual([]);
  const { rows } = await sql<{ table_name: string; column_name: string; type: string }>`
    select table_name, column_name, data_type || case is_nullable when 'YES' then '?' else '' end as type
    from information_schema.columns
    where table_schema = current_schema() and table_name not like 'kysely%'`.execute(database.db);
  const found: Record<string, Record<string, string>> = {};
  for (const { table_name, column_name, type } of rows)
    (found[table_name] ??= {})[column_name] = type;
  expect(found).toEqual(TYPES);
});

it('knows whether the schema is the one of this version', async () => {
  await migrate(database);
  expect(await isCurrent(database.db)).toBe(true);
  await sql`insert into kysely_migration values ('9999-of-a-later-version', now()::text)`.execute(
    database.db,
  );
  expect(await isCurrent(database.db)).toBe(false);
});
