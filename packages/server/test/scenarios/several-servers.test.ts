/** Several servers on one PostgreSQL: no lock order may deadlock, no race may unbalance the books. */
import {
  amount,
  type Command,
  DIRECT,
  type Fingerprint,
  isBursarError,
  type TenantId,
} from '@bursar/core';
import {
  commandOf,
  ManualClock,
  type PostgresServer,
  startPostgres,
  steps,
  TestPurse,
} from '@bursar/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditLedger } from '../../src/stores/postgres/audit-ledger.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { type OpenedDatabase, openDatabase } from '../../src/stores/postgres/open-database.ts';
import { PostgresTier } from '../../src/stores/postgres/postgres-tier.ts';

const SERVERS = 4;
let postgres: PostgresServer;
let databases: OpenedDatabase[];
const clock = new ManualClock();

beforeAll(async () => {
  postgres = await startPostgres();
  const url = await postgres.createDatabase();
  databases = await Promise.all(Array.from({ length: SERVERS }, () => openDatabase({ url })));
  // All at once, as after a deployment: one migrates, the others wait.
  await Promise.all(databases.map((database) => migrate(database)));
});
afterAll(async () => {
  await Promise.all(databases.map((database) => database.close()));
  await postgres.stop();
});

it('balances the books after random commands sent to all servers at once, with no error of the store', async () => {
  const tiers = databases.map(
    ({ db }) => new PostgresTier({ db, clock, defaultLimit: amount(1_000) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(steps, { minLength: SERVERS, maxLength: SERVERS }),
      async (sequences) => {
        const purse = new TestPurse(tiers[0] as PostgresTier, clock);
        const commands = sequences.map((sequence) =>
          sequence.map((step) => commandOf(purse, step)),
        );
        await Promise.all(
          commands.flatMap((own, index) => [
            ...own.map((command: Command) => (tiers[index] as PostgresTier).execute(command)),
            (tiers[index] as PostgresTier).sweep(100),
          ]),
        );
        clock.advance(400);
      },
    ),
    { seed: 99, numRuns: 25, endOnFailure: true },
  );
  const [first] = databases;
  expect(first && (await auditLedger(first.db))).toMatchObject({
    findings: 0,
    differenceNanoUsd: 0n,
    shown: [],
  });
}, 120_000);

it('admits exactly what fits when all servers open the new month of known users at once', async () => {
  const tiers = databases.map(
    ({ db }) => new PostgresTier({ db, clock, defaultLimit: amount(1_000) }),
  );
  const purses = tiers.map((tier) => new TestPurse(tier, clock, 'new-month' as TenantId));
  const [first] = purses;
  if (first === undefined) throw new Error('no servers');
  const users = Array.from({ length: 10 }, (_, index) => `user-${index}`);
  for (const user of users) await first.open(user, 1);
  const november = clock.nowMs();
  clock.set(Date.UTC(2026, 11, 1));
  let id = 1_000;
  for (const user of users) {
    const answers = await Promise.all(
      purses.flatMap((purse) =>
        Array.from({ length: 25 }, () =>
          purse.reserve(user, 20, { id: purse.idNumber((id += 1)) }),
        ),
      ),
    );
    expect(answers.filter(({ outcome }) => outcome === 'applied').length).toBe(50);
    expect(await first.sums(user)).toMatchObject({ reserved: 1_000 });
  }
  clock.set(november);
});

it('sees what another server did to a reservation since it last looked', async () => {
  const [here, there] = databases.map(
    ({ db }) => new PostgresTier({ db, clock, defaultLimit: amount(1_000) }),
  );
  if (here === undefined || there === undefined) throw new Error('no databases');
  const purse = new TestPurse(here, clock);
  const report = (user: string) =>
    ({
      kind: 'ingest',
      reservation: purse.idNumber(1),
      fingerprint: 'elsewhere' as Fingerprint,
      leg: purse.leg(user),
      state: 'expired',
      lease: DIRECT,
      spent: amount(50),
      terms: null,
      detail: null,
    }) as const;
  const settle = (cost: number, final: boolean) =>
    ({
      kind: 'settle',
      reservation: purse.idNumber(1),
      cost: amount(cost),
      final,
      detail: null,
    }) as const;
  await here.execute(report('alice'));
  // Now the other server remembers the reservation with one leg, and then it gets a second one here.
  await there.execute(settle(60, false));
  await here.execute(report('team'));
  expect(await there.execute(settle(30, true))).toMatchObject({
    outcome: 'applied',
    state: 'settled',
  });
  for (const user of ['alice', 'team']) {
    expect(await purse.sums(user)).toMatchObject({ settled: 30, reserved: 0 });
  }
});

it('keeps every acknowledged settlement when PostgreSQL is killed, and answers again when it is back', async () => {
  const [database] = databases;
  if (database === undefined) throw new Error('no database');
  const tier = new PostgresTier({ db: database.db, clock, defaultLimit: null });
  const purse = new TestPurse(tier, clock);
  const acknowledged = new Map<ReturnType<TestPurse['id']>, number>();
  const unknown: { id: ReturnType<TestPurse['id']>; cost: number }[] = [];
  let kill: Promise<void> | undefined;
  /** Answers whether the call was settled. */
  const call = async (cost: number): Promise<boolean> => {
    const id = purse.id();
    try {
      await purse.reserve(`user-${cost % 7}`, cost, { id });
      await purse.settle(id, cost);
      acknowledged.set(id, cost);
      if (acknowledged.size >= 400) kill ??= postgres.kill();
      return true;
    } catch (error) {
      expect(isBursarError(error) && error.code).toMatch(/^store_(unavailable|timeout)$/);
      unknown.push({ id, cost });
      return false;
    }
  };
  let cost = 0;
  const worker = async (): Promise<void> => {
    while (await call((cost += 1)));
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  await kill;
  await postgres.restart();
  for (const [id, spent] of acknowledged) {
    expect(await tier.reservation(id)).toMatchObject({ state: 'settled', spent });
  }
  // What was unknown is repeated with the same ids, as a client does; nothing is booked twice.
  for (const { id, cost: spent } of unknown) {
    await purse.reserve(`user-${spent % 7}`, spent, { id }).catch(() => {});
    await purse.settle(id, spent);
    acknowledged.set(id, spent);
  }
  const total = [...acknowledged.values()].reduce((sum, spent) => sum + BigInt(spent), 0n);
  let booked = 0n;
  for (let user = 0; user < 7; user += 1)
    booked += BigInt((await purse.sums(`user-${user}`)).settled);
  expect(booked).toBe(total);
  expect(unknown.length).toBeGreaterThan(0);
  expect(await auditLedger(database.db)).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
}, 120_000);
