/** What Bursar replaces: a row a user in PostgreSQL, changed by every call. */
import type { Amount, Tier } from '@bursar/core';
import { startRedis } from '@bursar/testkit';
import type { Pool } from 'pg';
import type { Store } from '../../../packages/server/src/open-store.ts';
import type { Bench, Candidate, Finding } from '../harness/bench.ts';
import type { CpuClock } from '../harness/cpu.ts';
import { closedLoop } from '../harness/drive.ts';
import { allCpuUs, type Figures } from '../harness/figures.ts';
import { moneyOff } from '../subjects/audit.ts';
import { ConnectionsHeld } from '../subjects/connections.ts';
import {
  CONDITIONAL_UPDATE,
  CORRECT_PAIR,
  makeTables,
  openPool,
  overspendOfBurst,
  type RowDesign,
  SELECT_FOR_UPDATE,
  SELECT_THEN_UPDATE,
} from '../subjects/direct-db.ts';
import { COST, legsOfUsers, Pairs, type UserLeg } from '../subjects/pairs.ts';
import { journalHome, openHybridOn, startStores, type Stores } from '../subjects/stores.ts';

const USERS = 1_000;
const USERS_QUICK = 20;
const IN_FLIGHT = 100;
const DESIGNS = [SELECT_THEN_UPDATE, SELECT_FOR_UPDATE, CONDITIONAL_UPDATE, CORRECT_PAIR];
/** Calls at once on one user who can pay for half of them. */
const BURST = 200;
const NANO_USD_PER_USD = 1_000_000_000;

type Spread = 'spread' | 'hot';
const where = (spread: Spread): string => (spread === 'hot' ? 'one user' : `${USERS} users`);
const nameOf = ({ name }: Pick<RowDesign, 'name'>, spread: Spread, pool: number): string =>
  `${name}; pool ${pool}, ${where(spread)}`;
const withoutRedis = (spread: Spread): string => `Bursar, Redis away; ${where(spread)}`;
const ours = (spread: Spread): string => `Bursar, hybrid; ${where(spread)}`;

export const directDb: Bench = {
  name: 'direct-db',
  question: 'how does ours stand beside a row a user that every call changes?',
  operation: `call accounted for, ${IN_FLIGHT} in flight`,
  async open({ isQuick }) {
    const stores = await startStores();
    const store = await openHybridOn(stores);
    const rowsUrl = await stores.postgres.createDatabase();
    const users = isQuick ? USERS_QUICK : USERS;
    const pools = new Map<number, Pool>();
    for (const max of [10, 50]) pools.set(max, await openPool(rowsUrl, max));
    const [first] = pools.values();
    if (first === undefined) throw new Error('there is no pool');
    await makeTables(first, users);
    const pairs = new Pairs(store.tier);
    const legs = legsOfUsers(users, Date.now());
    await Promise.all(legs.map(() => pairs.make(legs)));
    await journalHome(stores);
    const { clocks } = stores;
    const [, postgresClock] = clocks;
    const held = new ConnectionsHeld(stores, stores.databaseUrl);
    const away = await WithoutRedis.open(stores, legs);
    const mine = (spread: Spread): Candidate => ({
      name: ours(spread),
      open: async () =>
        closedLoop({
          inFlight: IN_FLIGHT,
          clocks,
          operation: () => pairs.make(spread === 'hot' ? legs.slice(0, 1) : legs),
          finish: () => journalHome(stores),
          rest: () => held.look(),
        }),
    });
    const theirs = (design: RowDesign, spread: Spread, max: number, pool: Pool): Candidate => {
      let round = 0;
      return {
        name: nameOf(design, spread, max),
        open: async () =>
          closedLoop({
            inFlight: IN_FLIGHT,
            clocks: [postgresClock],
            operation: () => design.call(pool, spread === 'hot' ? 0 : (round += 1) % users),
          }),
      };
    };
    return {
      candidates: (['spread', 'hot'] as const).flatMap((spread) => [
        mine(spread),
        away.candidate(spread),
        ...DESIGNS.flatMap((design) =>
          Array.from(pools, ([max, pool]) => theirs(design, spread, max, pool)),
        ),
      ]),
      judge: async (of) => ({
        findings: [
          ...speeds(of),
          ...away.findings(of),
          connections('Redis up', held.most, 5),
          connections('Redis away', away.connectionsHeld, 10),
          ...(await overspends(pools.get(50) ?? first, users)),
          await ourOverspend(store.tier, pairs),
        ],
        moneyOffNanoUsd:
          (await journalHome(stores).then(() => moneyOff(store, pairs.settled))) +
          (await away.moneyOff()),
      }),
      async close() {
        for (const pool of pools.values()) await pool.end();
        await Promise.all([store.close(), away.close()]);
        await stores.close();
      },
    };
  },
};

/** Ours with a Redis that has gone: PostgreSQL decides, and processes on leases of it. */
class WithoutRedis {
  readonly #store: Store;
  readonly #pairs: Pairs;
  readonly #legs: readonly UserLeg[];
  readonly #held: ConnectionsHeld;
  readonly #postgres: CpuClock;

  private constructor(
    store: Store,
    legs: readonly UserLeg[],
    { held, postgres }: { readonly held: ConnectionsHeld; readonly postgres: CpuClock },
  ) {
    this.#store = store;
    this.#pairs = new Pairs(store.tier);
    this.#legs = legs;
    this.#held = held;
    this.#postgres = postgres;
  }

  /** Loses its Redis, of its own, once it is open. */
  static async open(stores: Stores, legs: readonly UserLeg[]): Promise<WithoutRedis> {
    const [redis, databaseUrl] = await Promise.all([
      startRedis(),
      stores.postgres.createDatabase(),
    ]);
    const store = await openHybridOn({ databaseUrl, redis });
    const held = new ConnectionsHeld(stores, databaseUrl);
    const away = new WithoutRedis(store, legs, { held, postgres: stores.clocks[1] });
    await Promise.all(legs.map(() => away.#pairs.make(legs)));
    // What it still had would be booked within three seconds of its loss, and a short run is audited before.
    await away.#pairs.bookAll(legs);
    await redis.stop();
    return away;
  }

  get connectionsHeld(): number {
    return this.#held.most;
  }

  candidate(spread: Spread): Candidate {
    return {
      name: withoutRedis(spread),
      open: async () =>
        closedLoop({
          inFlight: IN_FLIGHT,
          clocks: [this.#postgres],
          operation: () => this.#pairs.make(spread === 'hot' ? this.#legs.slice(0, 1) : this.#legs),
          rest: () => this.#held.look(),
        }),
    };
  }

  findings(of: (name: string) => Figures): readonly Finding[] {
    const ratio = (spread: Spread, goal: number): Finding => ({
      name: `pairs/s of ours with Redis away to: ${nameOf(SELECT_THEN_UPDATE, spread, 10)}`,
      value:
        of(withoutRedis(spread)).perSecond / of(nameOf(SELECT_THEN_UPDATE, spread, 10)).perSecond,
      goal,
      better: 'more',
      isByClock: true,
    });
    return [ratio('spread', 1.5), ratio('hot', 3)];
  }

  /** Everything is in the ledger once the first page of it is read. */
  async moneyOff(): Promise<number> {
    await this.#pairs.bookAll(this.#legs);
    return moneyOff(this.#store, this.#pairs.settled);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function connections(when: string, value: number, goal: number): Finding {
  return {
    name: `PostgreSQL connections held at full rate, ${when}`,
    value,
    goal,
    unit: 'connections',
    better: 'less',
  };
}

function speeds(of: (name: string) => Figures): readonly Finding[] {
  const ratio = (spread: Spread, design: RowDesign, pool: number, goal: number): Finding => ({
    name: `pairs/s of ours to: ${nameOf(design, spread, pool)}`,
    value: of(ours(spread)).perSecond / of(nameOf(design, spread, pool)).perSecond,
    goal,
    better: 'more',
    isByClock: true,
  });
  const cpu = (spread: Spread, design: RowDesign, pool: number): Finding => ({
    name: `CPU of a pair of ours, all in all, to: ${nameOf(design, spread, pool)}`,
    value: allCpuUs(of(ours(spread))) / allCpuUs(of(nameOf(design, spread, pool))),
    better: 'less',
  });
  return [
    cpu('spread', CORRECT_PAIR, 10),
    cpu('hot', CORRECT_PAIR, 50),
    ratio('spread', CORRECT_PAIR, 10, 10),
    ratio('hot', CORRECT_PAIR, 50, 50),
    // Not in the list of goals, but a design that is slower than the wrong one convinces nobody.
    ratio('spread', SELECT_THEN_UPDATE, 10, 1),
    ratio('hot', SELECT_THEN_UPDATE, 50, 1),
  ];
}

async function overspends(pool: Pool, freeUser: number): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const design of DESIGNS) {
    const over = await overspendOfBurst(pool, design, {
      user: freeUser,
      calls: BURST,
      affordable: BURST / 2,
    });
    found.push({
      name: `overspent in a burst of ${BURST} calls on $${dollars((BURST / 2) * COST)}: ${design.name}`,
      value: over / NANO_USD_PER_USD,
      unit: 'USD',
      better: 'less',
    });
  }
  return found;
}

/** The same burst on ours. */
async function ourOverspend(tier: Tier, pairs: Pairs): Promise<Finding> {
  const [leg] = legsOfUsers(1, Date.now(), 'burst');
  if (leg === undefined) throw new Error('there is no user');
  const limit = ((BURST / 2) * COST) as Amount;
  await tier.execute({ kind: 'setLimit', leg, limit, detail: null });
  await Promise.allSettled(Array.from({ length: BURST }, () => pairs.make([leg])));
  const spent = (await tier.account(leg.account))?.settled ?? 0;
  return {
    name: `overspent in the same burst: ${ours('hot')}`,
    value: Math.max(0, spent - limit) / NANO_USD_PER_USD,
    goal: 0,
    unit: 'USD',
    better: 'less',
  };
}

function dollars(nanoUsd: number): string {
  return (nanoUsd / NANO_USD_PER_USD).toString();
}
