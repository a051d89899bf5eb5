/**
 * Random policies with budgets, rates, shares, plans, overrides and grants, and random calls under them, for
 * whatever is to decide them alike. Money in units of 1,000 nano-USD: what an input token costs.
 */
import {
  type Amount,
  type BudgetOverride,
  type BudgetRule,
  compilePolicies,
  type Counted,
  type Grant,
  type LimiterPolicy,
  type PeriodRule,
  type Policies,
  type RateOverride,
  type RateRule,
  type TenantId,
} from '@bursar/core';
import fc from 'fast-check';

/**
 * Ten seconds before an hour, a day, a week and a month begin in Tokyo. Far ahead of the real time, in which the
 * hybrid's connections live: nothing depends on when this is run.
 */
export const START = Date.UTC(2037, 10, 30, 14, 59, 50);
/** How far time goes on between the rounds of all cases: seconds, as servers count on being heard of. */
export const PAUSES: readonly number[] = [0, 4_000, 0, 4_000, 0, 4_000, 4_000, 0];
/** What one unit is in nano-USD. */
export const UNIT = 1_000;

const NAMES: Readonly<Record<string, readonly string[]>> = {
  user: ['alice', 'bob'],
  team: ['growth', 'ops'],
  org: ['acme'],
  key: ['k1'],
  model: ['test-model'],
  session: ['s1'],
};
const KINDS = Object.keys(NAMES);
const RULES: readonly PeriodRule[] = [
  { every: 'hour', zone: 'UTC' },
  { every: 'day', zone: 'Asia/Tokyo' },
  { every: 'week', startsOn: 'tuesday', zone: 'Asia/Tokyo' },
  { every: 'month', zone: 'Asia/Tokyo' },
  { every: 'month', zone: 'UTC' },
  { every: 'lifetime' },
];

/** Policies, as a function of the tenant that they are for. */
export type SetMaker = (
  tenant: TenantId,
  version: number,
  periods: Periods | null,
) => Policies<LimiterPolicy>;

/** Of each kind of budgets its one period. */
export type Periods = Readonly<Record<string, PeriodRule>>;

const units = (count: number | null): Amount | null =>
  count === null ? null : ((count * UNIT) as Amount);
const limit = fc
  .option(fc.constantFrom(0, 1, 120, 120, 300, 300, 450, 450, 700, 700), { freq: 8 })
  .map(units);
const dates = fc.constantFrom(
  [null, null],
  [START + 3_000, null],
  [null, START + 6_000],
  [START + 5_000, START + 14_000],
);
const on = (kind: string) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...(NAMES[kind] ?? [])).map((name) => ({ kind, name })),
    },
  );
const budgetOn = (kind: string) =>
  fc.record({
    name: fc.constant('credit'),
    on: on(kind),
    limit,
    period: fc.constantFrom(...RULES),
    mode: fc.constantFrom(
      { kind: 'strict' as const },
      { kind: 'strict' as const },
      { kind: 'track' as const },
    ),
    alertPercents: fc.constant([]),
    sharePercentMax: fc.option(fc.constantFrom(10, 30, 60), { freq: 2 }),
  }) as fc.Arbitrary<BudgetRule>;
const budgets = fc
  .subarray(KINDS, { minLength: 1 })
  .chain((kinds) => fc.tuple(...kinds.map(budgetOn)));

/** `rules`, each in the one period of its kind if there are such. */
function inPeriods(rules: readonly BudgetRule[], periods: Periods | null): readonly BudgetRule[] {
  return rules.map((rule) => ({ ...rule, period: periods?.[rule.on.kind] ?? rule.period }));
}

const counted = fc.constantFrom<Counted>(
  'requests',
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'money',
);
/** About what one call takes. */
const ONE: Readonly<Record<Counted, number>> = {
  requests: 1,
  inputTokens: 60,
  outputTokens: 30,
  totalTokens: 90,
  money: 120 * UNIT,
  units: 1,
};
/** About `few` calls for each window. */
const limiter = (counts: Counted): fc.Arbitrary<LimiterPolicy> => {
  const one = ONE[counts];
  return fc
    .record({
      algorithm: fc.constantFrom(
        'token-bucket' as const,
        'gcra' as const,
        'fixed-window' as const,
        'sliding-window-counter' as const,
        'sliding-window-log' as const,
        'concurrency' as const,
      ),
      few: fc.constantFrom(0, 1, 2, 3, 4, 6),
      windowMs: fc.constantFrom(2_000, 5_000, 7_001),
    })
    .map(({ algorithm, few, windowMs }): LimiterPolicy => {
      const most = few * one;
      switch (algorithm) {
        case 'token-bucket':
          return {
            algorithm,
            capacity: most,
            refillPermits: one,
            refillEveryMs: windowMs,
          } as LimiterPolicy;
        case 'gcra':
          return { algorithm, limit: one, windowMs, burst: most } as LimiterPolicy;
        case 'sliding-window-log':
          return { algorithm, limit: Math.min(most, 10_000), windowMs } as LimiterPolicy;
        case 'concurrency':
          return { algorithm, limit: most };
        default:
          return { algorithm, limit: most, windowMs } as LimiterPolicy;
      }
    });
};
const rateTerms = counted.chain((counts) =>
  limiter(counts).map((policy) => ({ counts, limiter: policy })),
);
const principal = fc.oneof(
  { weight: 3, arbitrary: fc.constant('authenticated' as const) },
  { weight: 1, arbitrary: fc.constant('anonymous' as const) },
);
const rateOn = (kind: string): fc.Arbitrary<RateRule<LimiterPolicy>> =>
  fc
    .record({ name: fc.constantFrom('pace', 'slots'), on: on(kind), class: principal })
    .chain((rule) => rateTerms.map((terms) => ({ ...rule, ...terms })));
const rates = fc.uniqueArray(fc.constantFrom(...KINDS).chain(rateOn), {
  maxLength: 4,
  selector: ({ on: match, name, class: of }) => JSON.stringify([match, name, of]),
});
const place = fc
  .constantFrom(...KINDS)
  .chain((kind) =>
    fc.record({ kind: fc.constant(kind), name: fc.constantFrom(...(NAMES[kind] ?? [])) }),
  );

const dated = ([fromMs, untilMs]: readonly (number | null)[]) => ({ fromMs, untilMs });

export const sets: fc.Arbitrary<SetMaker> = fc
  .record({
    defaults: fc.record({ budgets, rates }),
    plan: fc.record({ budgets, rates }),
    onPlan: fc.option(place),
    changes: fc.array(fc.record({ on: place, limit, dates }), { maxLength: 3 }),
    rateChanges: fc.array(fc.record({ on: place, terms: fc.option(rateTerms), dates, principal }), {
      maxLength: 2,
    }),
    grants: fc.array(fc.record({ on: place, amount: fc.constantFrom(1, 50, 200), dates }), {
      maxLength: 3,
    }),
  })
  .map(
    ({ defaults, plan, onPlan, changes, rateChanges, grants }) =>
      (tenant, version, periods) =>
        compilePolicies({
          version,
          defaults: { ...defaults, budgets: inPeriods(defaults.budgets, periods) },
          plans: [{ name: 'pro', ...plan, budgets: inPeriods(plan.budgets, periods) }],
          assignments: onPlan === null ? [] : [{ tenant, scope: onPlan, plan: 'pro' }],
          budgetOverrides: changes.map(({ on: at, limit: to, dates: when }, index) => ({
            id: `o${index}`,
            tenant,
            on: at,
            budget: 'credit',
            change: { kind: 'alter', terms: { limit: to } },
            ...dated(when),
          })) as BudgetOverride[],
          rateOverrides: rateChanges.map(
            ({ on: at, terms, dates: when, principal: of }, index) => ({
              id: `r${index}`,
              tenant,
              on: at,
              rate: 'pace',
              class: of,
              change: terms === null ? { kind: 'remove' } : { kind: 'set', terms },
              ...dated(when),
            }),
          ) as RateOverride<LimiterPolicy>[],
          grants: grants.map(({ on: at, amount, dates: when }, index) => ({
            id: `g${index}`,
            tenant,
            on: at,
            budget: 'credit',
            amount: units(amount),
            priority: index,
            ...dated(when),
          })) as Grant[],
          promotions: [],
          scopeKinds: [],
        }),
  );

/** What happens next. `stale`: on a server that has not heard of the newest set. `nth`: which call, from the last one. */
export type Step =
  | {
      readonly kind: 'call';
      readonly user: string;
      readonly scopes: Readonly<Record<string, string[]>>;
      readonly inputTokens: number;
      /** `null`: the caller names the amount. */
      readonly outputTokensMax: number | null;
      readonly clamps: boolean;
      readonly isAnonymous: boolean;
      readonly ttlMs: number;
      readonly stale: boolean;
    }
  | { readonly kind: 'again'; readonly nth: number; readonly stale: boolean }
  | {
      readonly kind: 'extend';
      readonly nth: number;
      readonly stale: boolean;
      readonly ttlMs: number;
      readonly isDispatched: boolean;
      readonly toTokens: number | null;
    }
  | {
      readonly kind: 'settle';
      readonly nth: number;
      readonly stale: boolean;
      readonly inputTokens: number;
      readonly outputTokens: number;
      readonly isFinal: boolean;
      readonly namesCost: boolean;
    }
  | { readonly kind: 'release'; readonly nth: number; readonly stale: boolean }
  | { readonly kind: 'policies'; readonly make: SetMaker };

const stale = fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true));
const nth = fc.constantFrom(0, 0, 0, 1, 1, 2, 4);
/** Some are over before the next round but one. */
const ttlMs = fc.constantFrom(3_000, 3_000, 7_000, 60_000);
const rarely = fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true));
const scopes = fc
  .tuple(...['team', 'org', 'key', 'session'].map((kind) => fc.subarray([...(NAMES[kind] ?? [])])))
  .map(([team = [], org = [], key = [], session = []]) =>
    Object.fromEntries(
      Object.entries({ team, org, key, session }).filter(([, names]) => names.length > 0),
    ),
  );
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      user: fc.constantFrom('alice', 'bob'),
      scopes,
      inputTokens: fc.constantFrom(0, 1, 40, 60),
      outputTokensMax: fc.option(fc.constantFrom(0, 10, 30)),
      clamps: rarely,
      isAnonymous: rarely,
      ttlMs,
      stale,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), nth, stale }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('extend' as const),
      nth,
      stale,
      ttlMs,
      isDispatched: fc.boolean(),
      toTokens: fc.option(fc.constantFrom(1, 50, 200)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      nth,
      stale,
      inputTokens: fc.constantFrom(0, 1, 40, 90),
      outputTokens: fc.constantFrom(0, 5, 30, 100),
      isFinal: rarely.map((is) => !is),
      namesCost: rarely,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), nth, stale }) },
  { weight: 1, arbitrary: sets.map((make) => ({ kind: 'policies' as const, make })) },
);

/** One policy set to begin with, and what happens in each round. */
export interface Case {
  readonly first: SetMaker;
  /** `null`: each set has periods of its own, so that they change. */
  readonly periods: Periods | null;
  readonly rounds: readonly (readonly Step[])[];
}
export const cases: fc.Arbitrary<Case> = fc.record({
  first: sets,
  periods: fc.option(
    fc.record(Object.fromEntries(KINDS.map((kind) => [kind, fc.constantFrom(...RULES)]))),
    { freq: 1 },
  ),
  rounds: fc.array(fc.array(step, { maxLength: 4 }), {
    minLength: PAUSES.length,
    maxLength: PAUSES.length,
  }),
});
