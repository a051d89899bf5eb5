/** The scenarios by name, each as plans of a given length. */
import type { LoadPlan, Link, Phase, Population, Trace } from './plan.ts';

/** What a run may be told. */
export interface ScenarioOptions {
  /** Length of each run; without it each scenario's own. */
  readonly seconds?: number | undefined;
  readonly users?: number | undefined;
  readonly trace?: Trace | undefined;
  readonly seed: number;
  /** Multiplies every rate: to show that it runs on a machine that has other work. Default 1. */
  readonly rateFactor?: number | undefined;
  readonly isOverSocket?: boolean | undefined;
}

/** A question about load. */
export interface Scenario {
  readonly name: string;
  /** For the help. */
  readonly about: string;
  /** Seconds of each run by default, and for figures that are kept. */
  readonly seconds: { readonly short: number; readonly kept: number };
  plans(options: ScenarioOptions & { readonly seconds: number }): readonly LoadPlan[];
}

const MANY_USERS = 1_000;
const DIRECT_POOL = 10;
/** What the design without Bursar took for a burst. */
const BURST_POOL = 50;
/** A rate at which two cores have room for a fault. */
const FAULT_RATE = 200;
const BURST_RATE = 2_000;
const LEVELS = [10, 100, 500, 1_000, 2_000];
const DELAYS_MS = [50, 200, 1_000];

/** Every scenario, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'normal',
    about: '100 users at 10 calls a minute, and 1,000 calls a second',
    seconds: { short: 15, kept: 60 },
    plans: (options) => [
      planOf(options, {
        name: 'normal-100-users',
        title: `${rateText(options, 100 * (10 / 60))} calls a second: 100 users, 10 a minute each`,
        users: 100,
        phases: [steady(options.seconds, 100 * (10 / 60))],
      }),
      planOf(options, {
        name: 'normal-1000-rps',
        title: `${rateText(options, 1_000)} calls a second`,
        phases: [steady(options.seconds, 1_000)],
      }),
    ],
  },
  {
    name: 'burst',
    about: '100 calls a second, 2,000, and 100 again; over many users, and on one',
    seconds: { short: 20, kept: 60 },
    plans: (options) => [
      planOf(options, {
        name: 'burst',
        title: `A burst of ${rateText(options, BURST_RATE)} calls a second`,
        phases: burst(options.seconds),
        directPool: BURST_POOL,
      }),
      planOf(options, {
        name: 'burst-one-user',
        title: `A burst of ${rateText(options, BURST_RATE)} calls a second, all of one user`,
        users: 1,
        runsOut: false,
        phases: burst(options.seconds),
        directPool: BURST_POOL,
      }),
    ],
  },
  {
    name: 'redis-kill',
    about: 'Redis is killed under load and comes back empty',
    seconds: { short: 24, kept: 160 },
    plans: (options) => [
      planOf(options, {
        name: 'redis-kill',
        title: 'Redis is killed, and comes back empty',
        phases: around(options.seconds, 'Redis away', { kind: 'redis-away' }),
      }),
    ],
  },
  {
    name: 'db-kill',
    about: 'PostgreSQL is killed under load and comes back',
    seconds: { short: 24, kept: 80 },
    plans: (options) => [
      planOf(options, {
        name: 'db-kill',
        title: 'PostgreSQL is killed, and comes back',
        phases: around(options.seconds, 'PostgreSQL away', { kind: 'postgres-away' }),
      }),
    ],
  },
  {
    name: 'latency',
    about: '50, 200 and 1,000 ms on the way to Redis, then to PostgreSQL, and lost replies',
    seconds: { short: 24, kept: 90 },
    plans: (options) =>
      (['redis', 'postgres'] as const).map((link) =>
        planOf(options, {
          name: `latency-${link}`,
          title: `A slow network to ${link === 'redis' ? 'Redis' : 'PostgreSQL'}`,
          phases: slowing(options.seconds, link),
        }),
      ),
  },
  {
    name: 'levels',
    about: `${LEVELS.join(', ')} calls a second, one after the other`,
    seconds: { short: 5, kept: 20 },
    plans: (options) =>
      LEVELS.map((perSecond) =>
        planOf(options, {
          name: `level-${perSecond}`,
          title: `${rateText(options, perSecond)} calls a second`,
          phases: [steady(options.seconds, perSecond)],
          isLevel: true,
        }),
      ),
  },
];

function planOf(
  { users, trace, seed, rateFactor = 1, isOverSocket = false }: ScenarioOptions,
  own: Pick<LoadPlan, 'name' | 'title' | 'phases'> &
    Partial<Pick<LoadPlan, 'directPool' | 'isLevel'>> &
    Partial<Pick<Population, 'users' | 'runsOut'>>,
): LoadPlan {
  const { name, title, phases, directPool = DIRECT_POOL, isLevel = false, runsOut = true } = own;
  // One user is what the plan is about; any other number is a matter of taste.
  const count = own.users === 1 ? 1 : (users ?? own.users ?? MANY_USERS);
  return {
    name,
    title,
    phases: phases.map((phase) => ({ ...phase, perSecond: phase.perSecond * rateFactor })),
    population: { users: count, zipf: 1, runsOut, ...(trace !== undefined && { trace }) },
    seed,
    directPool,
    isOverSocket,
    isLevel,
  };
}

/** A rate as it is made in this run. */
function rateText({ rateFactor = 1 }: ScenarioOptions, perSecond: number): string {
  return (perSecond * rateFactor).toLocaleString('en-US', { maximumFractionDigits: 1 });
}

function steady(seconds: number, perSecond: number): Phase {
  return { name: 'steady', seconds, perSecond };
}

function burst(seconds: number): readonly Phase[] {
  return [
    { name: 'before', seconds: seconds / 4, perSecond: 100 },
    { name: 'burst', seconds: seconds / 4, perSecond: BURST_RATE, isDisturbed: true },
    { name: 'after', seconds: seconds / 2, perSecond: 100 },
  ];
}

function around(
  seconds: number,
  name: string,
  fault: NonNullable<Phase['fault']>,
): readonly Phase[] {
  return [
    { name: 'before', seconds: seconds / 4, perSecond: FAULT_RATE },
    { name, seconds: seconds / 4, perSecond: FAULT_RATE, fault, isDisturbed: true },
    { name: 'back', seconds: seconds / 2, perSecond: FAULT_RATE },
  ];
}

function slowing(seconds: number, link: Link): readonly Phase[] {
  const each = { seconds: seconds / (DELAYS_MS.length + 3), perSecond: FAULT_RATE };
  return [
    { ...each, name: 'before' },
    ...DELAYS_MS.map((roundTripMs) => ({
      ...each,
      name: `${roundTripMs} ms`,
      fault: { kind: 'delay', link, roundTripMs } as const,
      isDisturbed: true,
    })),
    { ...each, name: 'loss', fault: { kind: 'loss', link } as const, isDisturbed: true },
    { ...each, name: 'healed' },
  ];
}
