/** The stores that count rates, each as two servers see it, with time in the test's hands. */
import { type Amount, MemoryTier } from '@bursar/core';
import { ManualClock, type PostgresServer, startPostgres, TestPurse } from '@bursar/testkit';
import { openTierForTest } from '../stores/open-tier-for-test.ts';
import { startHybridServers } from './hybrid-servers.ts';

/** The same users on two servers. */
export interface RateStore {
  readonly clock: ManualClock;
  readonly purses: readonly [TestPurse, TestPurse];
  stop(): Promise<void>;
}

const LIMIT = 1_000_000_000 as Amount;

async function memory(): Promise<RateStore> {
  const clock = new ManualClock();
  const tier = new MemoryTier({ clock, defaultLimit: LIMIT });
  return { clock, purses: twoPurses(tier, tier, clock), stop: () => tier.close() };
}

async function postgres(): Promise<RateStore> {
  const clock = new ManualClock();
  const server: PostgresServer = await startPostgres();
  const url = await server.createDatabase();
  const one = await openTierForTest({ url }, { clock, defaultLimit: LIMIT });
  const two = await openTierForTest({ url }, { clock, defaultLimit: LIMIT });
  return {
    clock,
    purses: twoPurses(one, two, clock),
    async stop() {
      await Promise.all([one.close(), two.close()]);
      await server.stop();
    },
  };
}

async function redis(): Promise<RateStore> {
  const clock = new ManualClock();
  const { servers, stop } = await startHybridServers({ clock, limit: LIMIT });
  return { clock, purses: [servers[0].purse, numbered(servers[1].purse)], stop };
}

/** Each store by name, and how it is opened. */
export const RATE_STORES: readonly (readonly [string, () => Promise<RateStore>])[] = [
  ['memory', memory],
  ['PostgreSQL', postgres],
  ['Redis', redis],
];

function twoPurses(
  one: TestPurse['tier'],
  two: TestPurse['tier'],
  clock: ManualClock,
): RateStore['purses'] {
  const first = new TestPurse(one, clock);
  return [first, numbered(new TestPurse(two, clock, first.tenant))];
}

/** Ids of a server of its own. */
function numbered(purse: TestPurse): TestPurse {
  let ids = 1_000_000;
  purse.id = () => purse.idNumber((ids += 1));
  return purse;
}
