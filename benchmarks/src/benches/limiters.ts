/** The ways to limit a rate: what a decision costs, what a limiter takes up, and how exact it is. */
import {
  type LimiterAlgorithm,
  limiterId,
  type RateHit,
  type TenantId,
  type Tier,
} from '@bursar/core';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { Bench, Candidate, Finding } from '../harness/bench.ts';
import { closedLoop, tightLoop } from '../harness/drive.ts';
import { allCpuUs, type Figures } from '../harness/figures.ts';
import { markdownTable } from '../harness/markdown.ts';
import { moneyOff } from '../subjects/audit.ts';
import {
  errorOn,
  type LimiterError,
  SHAPES,
  WINDOW_MS,
  windowFromFirstCall,
} from '../subjects/limiter-error.ts';
import { ALGORITHMS, counterOf, exactlyLimited, limiterPolicies } from '../subjects/limiters.ts';
import { legsOfUsers, Pairs, type UserLeg } from '../subjects/pairs.ts';
import { openHybridOn, startStores, type Stores } from '../subjects/stores.ts';

const USERS = 1_000;
const USERS_QUICK = 20;
const IN_FLIGHT = 64;
/** Not reached in a run, and as much as a log may have. */
const LIMIT = 10_000;
/** Takes of a minute in the rule's own runs, about: what a log then remembers. */
const TAKES_PER_WINDOW = 100;
/** Takes that a limiter has when its bytes are counted. */
const TAKES = 50;
const RLF_MEMORY = 'rate-limiter-flexible, in memory';
const RLF_REDIS = 'rate-limiter-flexible, in Redis';
const NO_LIMITER = 'pair with no rate limit, in Redis';
const rule = (algorithm: LimiterAlgorithm): string => `${algorithm}, the rule`;
const pairWith = (algorithm: LimiterAlgorithm): string => `pair with ${algorithm}, in Redis`;

export const limiters: Bench = {
  name: 'limiters',
  question: 'what does each way to limit a rate cost, take up, and get wrong?',
  operation:
    'take; in Redis a pair of reserve and settle, with and without a rate limit, or one consume',
  async open({ isQuick }) {
    const stores = await startStores();
    const store = await openHybridOn(stores, { sync: 'minutes' });
    const legs = legsOfUsers(isQuick ? USERS_QUICK : USERS, Date.now());
    const none = new Pairs(store.tier);
    const withRate = new Map(
      ALGORITHMS.map((algorithm, index) => [
        algorithm,
        new Pairs(store.tier, (index + 1) * 2 ** 36, (leg) => [hitOf(leg, algorithm)]),
      ]),
    );
    await Promise.all(legs.map(() => none.make(legs)));
    const all = [none, ...withRate.values()];
    const inRedis = (name: string, pairs: Pairs): Candidate => ({
      name,
      open: async () =>
        closedLoop({
          inFlight: IN_FLIGHT,
          clocks: stores.clocks.slice(0, 1),
          operation: () => pairs.make(legs),
          rest: () => pairs.bookAll(legs),
        }),
    });
    return {
      candidates: [
        ...ALGORITHMS.map(byRule),
        flexibleInMemory(),
        inRedis(NO_LIMITER, none),
        ...Array.from(withRate, ([algorithm, pairs]) => inRedis(pairWith(algorithm), pairs)),
        flexibleInRedis(stores),
      ],
      async judge(of) {
        const bytes = await bytesOfKeys(stores, store.tier, isQuick);
        const errors = errorsOf();
        await none.bookAll(legs);
        const settled = all.reduce((sum, pairs) => sum + pairs.settled, 0);
        return {
          findings: findings(of, bytes, errors),
          table: `${tradeOffs(of, bytes, errors)}\n\n${errorTable(errors)}`,
          moneyOffNanoUsd: await moneyOff(store, settled + bytes.settled),
        };
      },
      async close() {
        await store.close();
        await stores.close();
      },
    };
  },
};

function hitOf({ account }: UserLeg, algorithm: LimiterAlgorithm): RateHit {
  const scope = { kind: 'user', name: account.replaceAll('/', '-') };
  return {
    limiter: limiterId('bench' as TenantId, scope, algorithm),
    policy: limiterPolicies(LIMIT)[algorithm],
    permits: 1,
  };
}

/** One limiter after the other, each with about as many takes in a window as a busy user has. */
function byRule(algorithm: LimiterAlgorithm): Candidate {
  return {
    name: rule(algorithm),
    async open() {
      const counters = Array.from({ length: USERS }, () =>
        counterOf(limiterPolicies(LIMIT)[algorithm]),
      );
      let atMs = Date.UTC(2026, 10, 15);
      return tightLoop((round) => {
        const turn = round % USERS;
        if (turn === 0) atMs += WINDOW_MS / TAKES_PER_WINDOW;
        if (counters[turn]?.(atMs) !== true) throw new Error('a take was refused');
      });
    },
  };
}

function flexibleInMemory(): Candidate {
  return {
    name: RLF_MEMORY,
    async open() {
      const limiter = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: 3_600 });
      let round = 0;
      return closedLoop({
        inFlight: 1,
        operation: async () => {
          await limiter.consume(`user-${(round += 1) % USERS}`, 1);
        },
      });
    },
  };
}

function flexibleInRedis({ redis, clocks }: Stores): Candidate {
  return {
    name: RLF_REDIS,
    async open() {
      const client = new Redis(redis.url);
      const limiter = flexible(client);
      let round = 0;
      return closedLoop({
        inFlight: IN_FLIGHT,
        clocks: clocks.slice(0, 1),
        operation: async () => {
          await limiter.consume(`user-${(round += 1) % USERS}`, 1);
        },
        close: async () => client.disconnect(),
      });
    },
  };
}

function flexible(storeClient: Redis): RateLimiterRedis {
  const points = Number.MAX_SAFE_INTEGER;
  return new RateLimiterRedis({ storeClient, keyPrefix: 'rlf', points, duration: 3_600 });
}

/** Bytes of one limiter in Redis, its key included, after `TAKES` takes, or with as many calls under way. */
interface KeyBytes {
  readonly of: Readonly<Record<LimiterAlgorithm, number>>;
  readonly flexible: number;
  /** Pairs that were settled to find out. */
  readonly settled: number;
}

async function bytesOfKeys(stores: Stores, tier: Tier, isQuick: boolean): Promise<KeyBytes> {
  const { redis } = stores;
  const takes = isQuick ? 3 : TAKES;
  const legs = legsOfUsers(1, Date.now(), 'bytes');
  const of: Partial<Record<LimiterAlgorithm, number>> = {};
  let settled = 0;
  for (const [index, algorithm] of ALGORITHMS.entries()) {
    const rates = (leg: UserLeg): readonly RateHit[] => [hitOf(leg, algorithm)];
    const pairs = new Pairs(tier, (index + 100) * 2 ** 36, rates);
    for (let take = 0; take < takes; take += 1) {
      // One after the other, so that they do not fall into the same millisecond.
      if (algorithm === 'concurrency') await pairs.open(legs);
      else await pairs.make(legs);
    }
    const [leg] = legs;
    if (leg === undefined) throw new Error('there is no user');
    of[algorithm] = await bytesAt(stores, `bursar:{0}:rate:${hitOf(leg, algorithm).limiter}`);
    while (await pairs.releaseOne());
    settled += pairs.settled;
  }
  const client = new Redis(redis.url);
  await flexible(client).consume('bytes', 1);
  client.disconnect();
  const found = of as Record<LimiterAlgorithm, number>;
  return { of: found, flexible: await bytesAt(stores, 'rlf:bytes'), settled };
}

async function bytesAt({ redis }: Stores, key: string): Promise<number> {
  const bytes = await redis.cli('MEMORY', 'USAGE', key, 'SAMPLES', '0');
  if (bytes === null) throw new Error(`Redis has no ${key}`);
  return Number(bytes);
}

type Errors = Readonly<Record<string, Readonly<Record<string, LimiterError>>>>;
const FLEXIBLE = 'rate-limiter-flexible';

/** By way to count and shape of traffic. Slots are no rate, and have none. */
function errorsOf(): Errors {
  const counters = new Map<string, () => (atMs: number) => boolean>(
    ALGORITHMS.filter((algorithm) => algorithm !== 'concurrency').map((algorithm) => [
      algorithm,
      () => exactlyLimited(algorithm),
    ]),
  );
  counters.set(FLEXIBLE, windowFromFirstCall);
  return Object.fromEntries(
    Array.from(counters, ([name, fresh]) => [
      name,
      Object.fromEntries(
        Object.entries(SHAPES).map(([shape, traffic]) => [shape, errorOn(traffic, fresh())]),
      ),
    ]),
  );
}

function findings(
  of: (name: string) => Figures,
  bytes: KeyBytes,
  errors: Errors,
): readonly Finding[] {
  const even = errors['sliding-window-counter']?.['evenly, twice the limit'];
  return [
    ...ALGORITHMS.flatMap((algorithm): readonly Finding[] => [
      {
        name: `${algorithm}: CPU of a take by the rule to that of rate-limiter-flexible in memory`,
        value: allCpuUs(of(rule(algorithm))) / allCpuUs(of(RLF_MEMORY)),
        better: 'less',
      },
      {
        name: `${algorithm}: CPU that it adds to a pair in Redis, to that of one consume`,
        value: addedUs(of, algorithm) / allCpuUs(of(RLF_REDIS)),
        better: 'less',
      },
      {
        name: `${algorithm}: a limiter in Redis`,
        value: bytes.of[algorithm],
        unit: 'bytes',
        better: 'less',
      },
    ]),
    ...Object.keys(errors).flatMap((name): readonly Finding[] => {
      const [passed, over] = worst(errors, name);
      return [
        { name: `${name}: error to the log, at worst`, value: passed, unit: '%', better: 'less' },
        { name: `${name}: beyond the limit, at worst`, value: over, unit: '%', better: 'less' },
      ];
    }),
    {
      name: 'error of the sliding window counter on even traffic',
      value: Math.abs(even?.passed ?? Number.NaN),
      goal: 1,
      unit: '%',
      better: 'less',
    },
    {
      name: 'error of the log',
      value: Math.max(...worst(errors, 'sliding-window-log')),
      goal: 0,
      unit: '%',
      better: 'less',
    },
  ];
}

/** The trade-offs, a row for each way to count. */
function tradeOffs(of: (name: string) => Figures, bytes: KeyBytes, errors: Errors): string {
  const cost = (name: string): readonly string[] => [
    count(1_000_000 / allCpuUs(of(name))),
    allCpuUs(of(name)).toPrecision(3),
  ];
  const wrong = (name: string): readonly string[] => {
    if (errors[name] === undefined) return ['', ''];
    const [passed, over] = worst(errors, name);
    return [`${passed.toFixed(1)} %`, `${over.toFixed(1)} %`];
  };
  return markdownTable(
    [
      'Way to count',
      'takes/s a core, the rule',
      'us a take',
      'us it adds to a pair in Redis',
      `bytes in Redis, ${TAKES} takes`,
      'passes more or fewer than the log, at most',
      'beyond the limit in a window, at most',
    ],
    [
      ...ALGORITHMS.map((algorithm) => [
        algorithm,
        ...cost(rule(algorithm)),
        addedUs(of, algorithm).toFixed(0),
        count(bytes.of[algorithm]),
        ...wrong(algorithm),
      ]),
      [
        `${FLEXIBLE} (fixed window; one consume)`,
        ...cost(RLF_MEMORY),
        allCpuUs(of(RLF_REDIS)).toFixed(0),
        count(bytes.flexible),
        ...wrong(FLEXIBLE),
      ],
    ],
    1,
  );
}

/** Calls passed to what the log passes, and the most beyond the limit in any window, by shape of traffic. */
function errorTable(errors: Errors): string {
  const signed = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(1)} %`;
  const shapes = Object.keys(SHAPES);
  const rows = Object.entries(errors).map(([name, byShape]) => [
    name,
    ...shapes.map((shape) => {
      const { passed = 0, over = 0 } = byShape[shape] ?? {};
      return `${signed(passed)}, ${over.toFixed(1)} %`;
    }),
  ]);
  return markdownTable(['Passed to the log, most beyond the limit', ...shapes], rows, 1);
}

/** CPU time that one limiter adds to a pair, in microseconds, Node and Redis. */
function addedUs(of: (name: string) => Figures, algorithm: LimiterAlgorithm): number {
  return allCpuUs(of(pairWith(algorithm))) - allCpuUs(of(NO_LIMITER));
}

/** The worst of all shapes: calls passed, and calls beyond the limit, in percent. */
function worst(errors: Errors, name: string): readonly [number, number] {
  const all = Object.values(errors[name] ?? {});
  return [
    Math.max(...all.map(({ passed }) => Math.abs(passed))),
    Math.max(...all.map(({ over }) => over)),
  ];
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
