/** Deciding in Redis: ours as shipped, what others offer, and what a Redis and a client can do at most. */
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { HybridLocation, Store } from '../../../packages/server/src/open-store.ts';
import type { Bench, Candidate, Finding } from '../harness/bench.ts';
import { closedLoop } from '../harness/drive.ts';
import { allCpuUs, type Figures } from '../harness/figures.ts';
import { moneyOff } from '../subjects/audit.ts';
import { legsOfUsers, Pairs, type UserLeg } from '../subjects/pairs.ts';
import { RawRedis } from '../subjects/raw-redis.ts';
import { journalHome, openHybridOn, startStores, type Stores } from '../subjects/stores.ts';

const USERS = 1_000;
const USERS_QUICK = 20;
const ours = (inFlight: number): string => `Bursar decides, ${inFlight} in flight`;
const oursBooked = (inFlight: number): string => `Bursar decides and books, ${inFlight} in flight`;
const OURS_HOT = 'Bursar decides, 64 in flight, all of one user';
const raw = (inFlight: number): string =>
  `one bare script over a bare socket, ${inFlight} in flight`;
const GET = 'GET by ioredis, autopipelining, 64 in flight';
const GET_IDLE = 'GET by ioredis, one at a time';
const consume = (inFlight: number): string =>
  `consume of rate-limiter-flexible, ${inFlight} in flight`;

export const redisTier: Bench = {
  name: 'redis-tier',
  question: 'what does a pair cost that Redis decides and PostgreSQL books?',
  operation: `reservation and its settlement over ${USERS} users; or one GET, or one consume. "done" is when the ledger has it`,
  async open({ isQuick }) {
    const stores = await startStores();
    const legs = legsOfUsers(isQuick ? USERS_QUICK : USERS, Date.now());
    const booking = await openPrimed(stores, legs, { sync: 'seconds' });
    // Deciding alone: the journal waits in Redis until the round is over.
    const deciding = await openPrimed(
      stores,
      legs,
      { sync: 'minutes', keyPrefix: 'deciding' },
      await stores.postgres.createDatabase(),
    );
    const { clocks } = stores;
    const decides = (name: string, inFlight: number, users = legs): Candidate => ({
      name,
      open: async () =>
        closedLoop({
          inFlight,
          clocks,
          operation: () => deciding.pairs.make(users),
          rest: () => deciding.pairs.bookAll(legs),
        }),
    });
    const books = (inFlight: number): Candidate => ({
      name: oursBooked(inFlight),
      open: async () =>
        closedLoop({
          inFlight,
          clocks,
          operation: () => booking.pairs.make(legs),
          finish: () => journalHome(stores),
        }),
    });
    return {
      candidates: [
        decides(ours(1), 1),
        decides(ours(64), 64),
        decides(ours(256), 256),
        decides(OURS_HOT, 64, legs.slice(0, 1)),
        books(64),
        books(256),
        bareScript(stores, 64),
        bareScript(stores, 256),
        get(stores, GET, 64),
        get(stores, GET_IDLE, 1),
        rateLimiter(stores, 64),
        rateLimiter(stores, 256),
      ],
      judge: async (of) => ({
        findings: findings(of),
        moneyOffNanoUsd:
          (await moneyOff(booking.store, booking.pairs.settled)) +
          (await moneyOff(deciding.store, deciding.pairs.settled)),
      }),
      async close() {
        await Promise.all([booking.store.close(), deciding.store.close()]);
        await stores.close();
      },
    };
  },
};

/** Ours, with a lease for everybody: opening those is what a month begins with. */
async function openPrimed(
  stores: Stores,
  legs: readonly UserLeg[],
  more: Partial<HybridLocation>,
  databaseUrl = stores.databaseUrl,
): Promise<{ readonly store: Store; readonly pairs: Pairs }> {
  const store = await openHybridOn({ ...stores, databaseUrl }, more);
  const pairs = new Pairs(store.tier);
  await Promise.all(legs.map(() => pairs.make(legs)));
  await pairs.bookAll(legs);
  return { store, pairs };
}

function bareScript({ redis, clocks }: Stores, inFlight: number): Candidate {
  return {
    name: raw(inFlight),
    async open() {
      const client = new RawRedis(redis);
      let round = 0;
      return closedLoop({
        inFlight,
        clocks,
        operation: () => client.pair(`user-${(round += 1) % USERS}`),
        close: async () => client.close(),
      });
    },
  };
}

function get({ redis, clocks }: Stores, name: string, inFlight: number): Candidate {
  return {
    name,
    async open() {
      const client = new Redis(redis.url, { enableAutoPipelining: inFlight > 1 });
      let round = 0;
      return closedLoop({
        inFlight,
        clocks,
        operation: async () => {
          await client.get(`raw:get:user-${(round += 1) % USERS}`);
        },
        close: async () => client.disconnect(),
      });
    },
  };
}

function rateLimiter({ redis, clocks }: Stores, inFlight: number): Candidate {
  return {
    name: consume(inFlight),
    async open() {
      const client = new Redis(redis.url);
      const limiter = new RateLimiterRedis({
        storeClient: client,
        keyPrefix: 'rlf',
        points: Number.MAX_SAFE_INTEGER,
        duration: 3_600,
      });
      let round = 0;
      return closedLoop({
        inFlight,
        clocks,
        operation: async () => {
          await limiter.consume(`user-${(round += 1) % USERS}`, 1);
        },
        close: async () => client.disconnect(),
      });
    },
  };
}

function findings(of: (name: string) => Figures): readonly Finding[] {
  const [at64, at256] = [of(ours(64)), of(ours(256))];
  const { cpuUs: rawCpu } = of(raw(256));
  const per = (a: number | undefined, b: number | undefined): number => (a ?? 0) / (b ?? 0);
  return [
    {
      name: 'pairs/s at 256 in flight to those of the bare script',
      isByClock: true,
      value: at256.perSecond / of(raw(256)).perSecond,
      goal: 1,
      better: 'more',
    },
    {
      name: "Redis's CPU of a pair to that of the bare script",
      value: per(at256.cpuUs.redis, rawCpu.redis),
      goal: 0.85,
      better: 'less',
    },
    {
      name: "Node's CPU of a pair to that of a GET",
      value: per(at256.cpuUs.node, of(GET).cpuUs.node),
      goal: 1.2,
      better: 'less',
    },
    {
      name: 'p50 of a pair, one at a time, to that of two GETs',
      isByClock: true,
      value: per(of(ours(1)).p50Ms, 2 * (of(GET_IDLE).p50Ms ?? 0)),
      goal: 1.6,
      better: 'less',
    },
    {
      name: 'p99 to p50 of a pair at 64 in flight',
      isByClock: true,
      value: per(at64.p99Ms, at64.p50Ms),
      goal: 4,
      better: 'less',
    },
    {
      name: 'CPU of a pair, Node and Redis, to that of one consume of rate-limiter-flexible',
      value: per(nodeAndRedisUs(at64), nodeAndRedisUs(of(consume(64)))),
      goal: 1,
      better: 'less',
    },
    {
      name: 'pairs/s at 256 in flight to consumes/s of rate-limiter-flexible',
      isByClock: true,
      value: at256.perSecond / of(consume(256)).perSecond,
      goal: 1,
      better: 'more',
    },
    {
      name: 'pairs/s on one user to those over 1,000',
      isByClock: true,
      value: of(OURS_HOT).perSecond / at64.perSecond,
      better: 'more',
    },
    {
      name: 'CPU of a pair that is booked, all in all, to that of one that is decided',
      value: allCpuUs(of(oursBooked(256))) / nodeAndRedisUs(at256),
      better: 'less',
    },
  ];
}

function nodeAndRedisUs({ cpuUs }: Figures): number {
  return (cpuUs.node ?? 0) + (cpuUs.redis ?? 0);
}
