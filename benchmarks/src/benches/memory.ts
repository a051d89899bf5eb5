/** What a user, an open call and a settled call take up in Redis and in the server. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Store } from '../../../packages/server/src/open-store.ts';
import type { Bench, Finding } from '../harness/bench.ts';
import { moneyOff } from '../subjects/audit.ts';
import { legsOfUsers, Pairs, type UserLeg } from '../subjects/pairs.ts';
import { openHybridOn, startStores, type Stores } from '../subjects/stores.ts';

const USERS = [1_000, 100_000];
const USERS_QUICK = [20];
const IN_FLIGHT = 64;
const PREFIX = 'bursar:{0}';

export const memory: Bench = {
  name: 'memory',
  question: 'what does a user take up, and what does a call?',
  operation: 'user',
  async open({ isQuick, users }) {
    const stores = await startStores();
    const sizes = users === undefined ? (isQuick ? USERS_QUICK : USERS) : [users];
    return {
      candidates: [],
      async judge() {
        const found: Finding[] = [];
        let off = 0;
        for (const size of sizes) {
          const { findings, moneyOffNanoUsd } = await measure(stores, size);
          found.push(...findings);
          off += moneyOffNanoUsd;
        }
        return { findings: found, moneyOffNanoUsd: off };
      },
      close: () => stores.close(),
    };
  },
};

/** Everything about `users` users, on a database and a Redis with nobody else in them. */
async function measure(
  stores: Stores,
  users: number,
): Promise<{ readonly findings: readonly Finding[]; readonly moneyOffNanoUsd: number }> {
  const { redis } = stores;
  await redis.cli('FLUSHALL');
  const databaseUrl = await stores.postgres.createDatabase();
  const store = await openHybridOn({ ...stores, databaseUrl });
  try {
    const legs = legsOfUsers(users, Date.now());
    const pairs = new Pairs(store.tier);
    // Connections, scripts and the first of everything are nobody's.
    const somebody = legsOfUsers(1, Date.now(), 'somebody');
    await pairs.make(somebody);
    await pairs.bookAll(somebody);
    const empty = await use(stores);
    await each(users, () => pairs.make(legs));
    await pairs.bookAll(legs);
    const idle = await use(stores);
    await each(users, () => pairs.open(legs));
    await pairs.bookAll(legs);
    const open = await use(stores);
    const findings = findingsOf(users, { empty, idle, open });
    return { findings, moneyOffNanoUsd: await moneyOffWithOpen(store, pairs, legs) };
  } finally {
    await store.close();
  }
}

/** Bytes in use. */
interface Use {
  /** In Redis, besides the two that follow. */
  readonly redis: number;
  readonly journal: number;
  /** Of calls that ended, which are kept a while for repeats. */
  readonly ended: number;
  /** On the heap of this process. */
  readonly heap: number;
}

async function use({ redis }: Stores): Promise<Use> {
  const info = String(await redis.cli('INFO', 'memory'));
  const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
  const bytesOf = async (key: string): Promise<number> =>
    Number((await redis.cli('MEMORY', 'USAGE', key, 'SAMPLES', '0')) ?? 0);
  const journal = await bytesOf(`${PREFIX}:journal`);
  const keys = await redis.cli('KEYS', `${PREFIX}:done:*`);
  let ended = 0;
  for (const key of Array.isArray(keys) ? keys : []) ended += await bytesOf(String(key));
  return { redis: used - journal - ended, journal, ended, heap: heapInUse() };
}

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

function findingsOf(
  users: number,
  { empty, idle, open }: { empty: Use; idle: Use; open: Use },
): readonly Finding[] {
  const bytes = (name: string, value: number, goal?: number): Finding => ({
    name: `${users.toLocaleString('en-US')} users: ${name}`,
    value: value / users,
    ...(goal === undefined ? {} : { goal }),
    better: 'less',
    unit: 'bytes',
  });
  return [
    bytes('Redis, a user', idle.redis - empty.redis, 150),
    bytes('Redis, a user with an open call', open.redis - empty.redis, 220),
    bytes('Redis, a settled call in the journal, for 15 minutes', idle.journal - empty.journal),
    bytes('Redis, a settled call kept for repeats, for 15 to 35 minutes', idle.ended - empty.ended),
    bytes("the server's heap, a user with a settled call", idle.heap - empty.heap),
    bytes("the server's heap, an open call", open.heap - idle.heap),
  ];
}

/** The open calls are released first, since nothing may be left of them. */
async function moneyOffWithOpen(
  store: Store,
  pairs: Pairs,
  legs: readonly UserLeg[],
): Promise<number> {
  await each(legs.length, async () => void (await pairs.releaseOne()));
  await pairs.bookAll(legs);
  return moneyOff(store, pairs.settled);
}

async function each(count: number, work: () => Promise<void>): Promise<void> {
  let begun = 0;
  const call = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, call));
}
