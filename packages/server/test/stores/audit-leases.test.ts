import {
  amount,
  type Fingerprint,
  type HolderId,
  type Ingest,
  type LeaseId,
  type LegState,
} from '@bursar/core';
import { ManualClock, TestPurse } from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditLedger, auditWithin } from '../../src/stores/postgres/audit-ledger.ts';
import type { OpenedDatabase } from '../../src/stores/postgres/open-database.ts';
import type { PostgresAuthority } from '../../src/stores/postgres/postgres-authority.ts';
import { openAuthorityForTest } from './open-authority-for-test.ts';
import { IN_MEMORY } from './open-tier-for-test.ts';

let authority: PostgresAuthority;
let database: OpenedDatabase;

beforeAll(async () => {
  const clock = new ManualClock();
  ({ authority, database } = await openAuthorityForTest(IN_MEMORY, {
    clock,
    defaultLimit: amount(1_000),
  }));
  const purse = new TestPurse(authority, clock);
  const ask = { need: amount(300), least: amount(0), expected: amount(0), minimum: amount(0) };
  const open = (user: string) =>
    authority.execute({
      kind: 'openLease',
      lease: `lease-of-${user}` as LeaseId,
      holder: 'redis' as HolderId,
      ticket: 1,
      ask,
      leg: purse.leg(user),
    });
  const report = (user: string, state: LegState, spent: number): Ingest => ({
    kind: 'ingest',
    reservation: purse.id(),
    fingerprint: 'elsewhere' as Fingerprint,
    leg: purse.leg(user),
    state,
    lease: `lease-of-${user}` as LeaseId,
    spent: amount(spent),
    open:
      state === 'reserved'
        ? { amount: amount(50), deadlineAtMs: clock.nowMs(), dispatched: true }
        : undefined,
    terms: null,
    detail: null,
  });
  for (const user of ['alice', 'bob', 'carol']) await open(user);
  await authority.executeAll([
    report('alice', 'settled', 100),
    report('alice', 'reserved', 0),
    report('bob', 'settled', 400),
    report('carol', 'expired', 20),
  ]);
  await authority.execute({
    kind: 'closeLease',
    lease: 'lease-of-carol' as LeaseId,
    leg: purse.leg('carol'),
  });
  await purse.open('alice', 70);
});
afterAll(() => authority.close());

it('finds nothing in honest books: an open lease, one that spent more than it drew, a closed one', async () => {
  expect(await auditLedger(database.db)).toMatchObject({
    accounts: 3,
    settledNanoUsd: 520n,
    reservedNanoUsd: 70n,
    differenceNanoUsd: 0n,
    overLimitNanoUsd: 0n,
    findings: 0,
  });
});

it.each([
  [
    'a leased sum that was changed',
    "update accounts set leased_nano_usd = 201 where id like '%alice%'",
    /alice.* leased 201, its leases say 200/,
  ],
  [
    'a draw that nobody set aside',
    "update leases set drawn_nano_usd = 301 where id = 'lease-of-alice'",
    /alice.* leased 200, its leases say 201/,
  ],
  [
    'a lease closed without freeing its money',
    "update leases set state = 'closed' where id = 'lease-of-alice'",
    /alice.* leased 200, its leases say 0/,
  ],
  [
    'a lease that says it booked something else than its entries',
    "update leases set settled_nano_usd = 401 where id = 'lease-of-bob'",
    /lease lease-of-bob of .*bob.*: booked 401, its entries say 400/,
  ],
  [
    'a call on a lease that is set aside once more',
    "update accounts set reserved_nano_usd = 120 where id like '%alice%'",
    /alice.* reserved 120, its open reservations say 70/,
  ],
])('finds %s', async (_title, tampering, finding) => {
  const rollBack = new Error('roll back');
  await expect(
    database.db.transaction().execute(async (transaction) => {
      await sql.raw(tampering).execute(transaction);
      expect((await auditWithin(transaction)).shown.join('\n')).toMatch(finding);
      throw rollBack;
    }),
  ).rejects.toBe(rollBack);
});
