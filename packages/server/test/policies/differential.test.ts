/**
 * Random policies and random calls: the tier in memory, PostgreSQL and Redis on leases of PostgreSQL decide
 * what the pure functions say, for the same reasons, and leave the same amounts.
 *
 * The policies are resolved by core; under test is what becomes of them in accounts, copies and rows. Cases
 * run side by side, each in a tenant of its own, on one clock: all of them take a step, then time goes on.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  type BudgetOverride,
  type BudgetRule,
  budgetLegs,
  Books,
  type Caller,
  compilePolicies,
  decide,
  type DurationMs,
  type Fingerprint,
  formatUsd,
  type Grant,
  type InstantMs,
  isBursarError,
  type LegAccount,
  MemoryTier,
  type Outcome,
  type PeriodRule,
  type Policies,
  type ReservationId,
  reservationId,
  resolve,
  type TenantId,
  type Tier,
} from '@bursar/core';
import {
  freshTenant,
  ManualClock,
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
} from '@bursar/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { openStore, type Store } from '../../src/open-store.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { openTierForTest } from '../stores/open-tier-for-test.ts';

const CASES = 1_000;
const SIDE_BY_SIDE = 125;
const SEED = 20_261_112;
/** Ten seconds before an hour, a day, a week and a month begin in Tokyo. */
const START = Date.UTC(2026, 10, 30, 14, 59, 50);
const DEFAULT_LIMIT = 500 as Amount;

const KINDS = ['user', 'team', 'org', 'key', 'model', 'session'];
const NAMES: Readonly<Record<string, readonly string[]>> = {
  user: ['alice', 'bob'],
  team: ['growth', 'ops'],
  org: ['acme'],
  key: ['k1'],
  model: ['m1'],
  session: ['s1'],
};
const RULES: readonly PeriodRule[] = [
  { every: 'hour', zone: 'UTC' },
  { every: 'day', zone: 'Asia/Tokyo' },
  { every: 'week', startsOn: 'tuesday', zone: 'Asia/Tokyo' },
  { every: 'month', zone: 'Asia/Tokyo' },
  { every: 'month', zone: 'UTC' },
  { every: 'lifetime' },
];
/** How far time goes on between the rounds of all cases: seconds, as servers count on being heard of. */
const PAUSES = [0, 4_000, 4_000, 4_000, 0];

// Policies, as functions of the tenant that they are for.

type SetMaker = (tenant: TenantId, version: number) => Policies;

const limit = fc.option(fc.constantFrom(0, 1, 120, 300, 450, 700), { freq: 8 });
const dates = fc.constantFrom(
  [null, null],
  [START + 3_000, null],
  [null, START + 6_000],
  [START + 5_000, START + 14_000],
);
const ruleOn = (kind: string) =>
  fc.record({
    name: fc.constant('credit'),
    on: fc.oneof(
      { weight: 4, arbitrary: fc.constant({ kind }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(...(NAMES[kind] ?? [])).map((name) => ({ kind, name })),
      },
    ),
    limit: limit as fc.Arbitrary<Amount | null>,
    period: fc.constantFrom(...RULES),
    mode: fc.constantFrom(
      { kind: 'strict' as const },
      { kind: 'strict' as const },
      { kind: 'track' as const },
    ),
    alertPercents: fc.constant([]),
    sharePercentMax: fc.constant(null),
  }) as fc.Arbitrary<BudgetRule>;
const budgets = fc
  .subarray(KINDS, { minLength: 1 })
  .chain((kinds) => fc.tuple(...kinds.map(ruleOn)));
const place = fc
  .constantFrom(...KINDS)
  .chain((kind) =>
    fc.record({ kind: fc.constant(kind), name: fc.constantFrom(...(NAMES[kind] ?? [])) }),
  );

const sets: fc.Arbitrary<SetMaker> = fc
  .record({
    defaults: budgets,
    plan: budgets,
    onPlan: fc.option(place),
    changes: fc.array(fc.record({ on: place, limit, dates }), { maxLength: 3 }),
    grants: fc.array(fc.record({ on: place, amount: fc.constantFrom(1, 50, 200), dates }), {
      maxLength: 3,
    }),
  })
  .map(
    ({ defaults, plan, onPlan, changes, grants }) =>
      (tenant, version) =>
        compilePolicies({
          version,
          defaults: { budgets: defaults, rates: [] },
          plans: [{ name: 'pro', budgets: plan, rates: [] }],
          assignments: onPlan === null ? [] : [{ tenant, scope: onPlan, plan: 'pro' }],
          budgetOverrides: changes.map(({ on, limit: to, dates: [fromMs, untilMs] }, index) => ({
            id: `o${index}`,
            tenant,
            on,
            budget: 'credit',
            change: { kind: 'alter', terms: { limit: to } },
            fromMs,
            untilMs,
          })) as BudgetOverride[],
          rateOverrides: [],
          grants: grants.map(({ on, amount, dates: [fromMs, untilMs] }, index) => ({
            id: `g${index}`,
            tenant,
            on,
            budget: 'credit',
            amount,
            priority: index,
            fromMs,
            untilMs,
          })) as Grant[],
          promotions: [],
          scopeKinds: [],
        }),
  );

// Calls.

type Step =
  | {
      readonly kind: 'call';
      readonly scopes: Caller['scopes'];
      readonly amount: number;
      readonly stale: boolean;
    }
  | { readonly kind: 'end'; readonly cost: number | null }
  | { readonly kind: 'policies'; readonly make: SetMaker };

const scopes = fc
  .tuple(...KINDS.map((kind) => fc.subarray([...(NAMES[kind] ?? [])])))
  .map((names) =>
    names.flatMap((of, index) => of.map((name) => ({ kind: KINDS[index] ?? '', name }))),
  );
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      scopes,
      amount: fc.constantFrom(0, 1, 40, 100, 160, 300),
      // By a server that has not heard of the newest set.
      stale: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      cost: fc.option(fc.constantFrom(0, 30, 100, 250), { freq: 4 }),
    }),
  },
  { weight: 1, arbitrary: sets.map((make) => ({ kind: 'policies' as const, make })) },
);
const cases = fc.record({
  first: sets,
  rounds: fc.array(fc.array(step, { maxLength: 4 }), {
    minLength: PAUSES.length,
    maxLength: PAUSES.length,
  }),
});
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never;

/** The pure functions on plain books. */
class Pure implements Pick<Tier, 'execute' | 'account'> {
  readonly #books = new Books();
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async execute<C extends Parameters<Tier['execute']>[0]>(command: C) {
    const policy = { defaultLimit: DEFAULT_LIMIT };
    const { outcome, changes } = decide(this.#books, command, policy, this.#clock.nowMs());
    this.#books.post(changes);
    return outcome;
  }

  async account(id: AccountId): Promise<Account | undefined> {
    return this.#books.account(id);
  }
}

/** One case on one place: what was answered, step by step. */
class Run {
  readonly #tier: Pick<Tier, 'execute' | 'account'>;
  readonly #tenant: TenantId;
  readonly #case: Case;
  readonly #clock: ManualClock;
  readonly #open: ReservationId[] = [];
  readonly accounts = new Set<AccountId>();
  readonly answers: unknown[] = [];
  #policies: Policies;
  #before: Policies;
  #ids = 0;

  constructor(
    tier: Pick<Tier, 'execute' | 'account'>,
    tenant: TenantId,
    of: Case,
    clock: ManualClock,
  ) {
    this.#tier = tier;
    this.#tenant = tenant;
    this.#case = of;
    this.#clock = clock;
    this.#policies = of.first(tenant, 1);
    this.#before = this.#policies;
  }

  /** Takes the steps of a round; nothing stays open over its end, so that no deadline matters. */
  async round(number: number): Promise<void> {
    for (const next of this.#case.rounds[number] ?? []) await this.#step(next);
    while (this.#open.length > 0) await this.#step({ kind: 'end', cost: 20 });
  }

  async finish(): Promise<void> {
    for (const id of [...this.accounts].toSorted()) {
      const account = await this.#tier.account(id);
      this.answers.push(account === undefined ? null : shown(account));
    }
  }

  async #step(next: Step): Promise<void> {
    switch (next.kind) {
      case 'policies':
        this.#before = this.#policies;
        this.#policies = next.make(this.#tenant, this.#policies.set.version + 1);
        return;
      case 'call':
        return this.#call(next);
      case 'end': {
        const reservation = this.#open.shift();
        if (reservation === undefined) return;
        const outcome = await this.#tier.execute(
          next.cost === null
            ? { kind: 'release', reservation, detail: null }
            : { kind: 'settle', reservation, cost: next.cost as Amount, final: true, detail: null },
        );
        this.answers.push(comparable(outcome));
      }
    }
  }

  async #call({ scopes: of, amount, stale }: Extract<Step, { kind: 'call' }>): Promise<void> {
    const legs = this.#legsOf(of, stale ? this.#before : this.#policies);
    if (typeof legs === 'string') {
      this.answers.push(legs);
      return;
    }
    this.#ids += 1;
    const digits = this.#ids.toString(16).padStart(12, '0');
    const reservation = reservationId(this.#tenant, `019a0000-0000-7000-8000-${digits}`);
    const outcome = await this.#tier.execute({
      kind: 'reserve',
      reservation,
      fingerprint: 'f' as Fingerprint,
      legs,
      amount: amount as Amount,
      ttlMs: 60_000 as DurationMs,
      terms: null,
    });
    for (const { account } of legs) this.accounts.add(account);
    if (outcome.outcome === 'applied') this.#open.push(reservation);
    this.answers.push(comparable(outcome));
  }

  #legsOf(of: Caller['scopes'], policies: Policies): readonly LegAccount[] | string {
    const caller: Caller = { tenant: this.#tenant, class: 'authenticated', scopes: of };
    try {
      return budgetLegs(resolve(policies, caller, this.#clock.nowMs())).map((leg) => ({
        account: leg.account,
        period: leg.period,
        terms: {
          limit: leg.limit,
          granted: leg.granted,
          isEnforced: leg.mode.kind !== 'track',
          version: leg.policyVersion,
          sinceMs: leg.sinceMs,
        },
      }));
    } catch (error) {
      if (isBursarError(error)) return error.code;
      throw error;
    }
  }
}

/** A decision, its reasons and what it leaves: all that a caller is told. */
function comparable(outcome: Outcome): unknown {
  if (outcome.outcome === 'denied') {
    const { shortfalls, accounts } = outcome;
    return {
      outcome: 'denied',
      shortfalls: sorted(shortfalls, (s) => s.account),
      accounts: all(accounts),
    };
  }
  if (outcome.outcome !== 'applied') return outcome;
  const { state, amount, spent, overage, late } = outcome;
  return {
    outcome: 'applied',
    state,
    amount,
    spent,
    overage,
    late,
    accounts: all(outcome.accounts),
  };
}

function all(accounts: readonly Account[]): unknown {
  return sorted(accounts, ({ id }) => id).map(shown);
}

function shown({ id, limit: most, granted, settled, reserved, leased, terms }: Account): unknown {
  return {
    id,
    limit: most === null ? null : formatUsd(most),
    granted,
    settled,
    reserved,
    leased,
    // A copy hears of a new version that comes to the same behind the call's back.
    terms: terms && { limit: terms.limit, granted: terms.granted, isEnforced: terms.isEnforced },
  };
}

function sorted<T>(items: readonly T[], by: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => (by(a) < by(b) ? -1 : 1));
}

describe('the tiers', () => {
  const clock = new ManualClock(START as InstantMs);
  let postgres: PostgresServer;
  let redis: RedisServer;
  let table: Tier;
  let hybridUrl: string;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    table = await openTierForTest(
      { url: await postgres.createDatabase() },
      { clock, defaultLimit: DEFAULT_LIMIT },
    );
    hybridUrl = await postgres.createDatabase();
  }, 120_000);
  afterAll(async () => {
    await table?.close();
    await Promise.all([postgres?.stop(), redis?.stop()]);
  });

  /** A server of its own, with copies of its own: its time must not go back. */
  const openHybrid = (batch: number): Promise<Store> =>
    openStore({
      location: {
        kind: 'hybrid',
        databaseUrl: hybridUrl,
        redisUrl: redis.url,
        keyPrefix: `batch-${batch}`,
      },
      defaultLimit: DEFAULT_LIMIT,
      log: SILENT_LOG,
      // Its connections live in real time, which does not jump.
      clock: systemClock,
      databaseClock: clock,
    });

  it(`decide alike under ${CASES} random policy sets that change between random calls`, async () => {
    const samples = fc.sample(cases, { numRuns: CASES, seed: SEED });
    const decisions = new Map<string, number>();
    for (let start = 0; start < CASES; start += SIDE_BY_SIDE) {
      clock.set(START as InstantMs);
      const hybrid = await openHybrid(start);
      const places = [
        new Pure(clock),
        new MemoryTier({ clock, defaultLimit: DEFAULT_LIMIT }),
        table,
        hybrid.tier,
      ];
      const runs = samples.slice(start, start + SIDE_BY_SIDE).map((of) => {
        const tenant = freshTenant();
        return places.map((tier) => new Run(tier, tenant, of, clock));
      });
      for (const [number, pause] of PAUSES.entries()) {
        await Promise.all(runs.flat().map((run) => run.round(number)));
        clock.advance(pause);
      }
      await Promise.all(runs.flat().map((run) => run.finish()));
      await hybrid.close();
      for (const [index, [pure, ...others]] of runs.entries()) {
        for (const [place, other] of others.entries()) {
          expect({
            case: start + index,
            place: places[place + 1]?.constructor.name,
            answers: other.answers,
          }).toEqual({
            case: start + index,
            place: places[place + 1]?.constructor.name,
            answers: pure?.answers,
          });
        }
        for (const answer of pure?.answers ?? []) {
          const { outcome = 'other' } = (answer ?? {}) as { outcome?: string };
          decisions.set(outcome, (decisions.get(outcome) ?? 0) + 1);
        }
      }
    }
    // Or else nothing was compared.
    expect(decisions.get('applied')).toBeGreaterThan(3 * CASES);
    expect(decisions.get('denied')).toBeGreaterThan(CASES);
  }, 300_000);
});
