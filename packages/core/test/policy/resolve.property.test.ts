/** Resolution against a reading of the set that looks at every record and knows no index. */
import {
  type AnyLimiterPolicy,
  type Assignment,
  type Amount,
  AMOUNT_MAX,
  budgetId,
  type BudgetRule,
  type BudgetTerms,
  type Caller,
  type Change,
  compilePolicies,
  type Dated,
  explain,
  type InstantMs,
  MONTHLY_UTC,
  periodAt,
  type PolicySet,
  problemsOf,
  type RateRule,
  type RateTerms,
  resolve,
  type Scope,
  type ScopeMatch,
  type TenantId,
} from '@bursar/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { policies as compiledExample } from './sets.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 1);
const tenant = fc.constantFrom('acme' as TenantId, 'zoo' as TenantId);
const kind = fc.constantFrom('user', 'team', 'model');
const name = fc.constantFrom('a', 'b', 'team a');
const scope: fc.Arbitrary<Scope> = fc.record({ kind, name });
const match: fc.Arbitrary<ScopeMatch> = fc.oneof(fc.record({ kind }), scope);
const key = fc.constantFrom('credit', 'cap');
const instant = fc.integer({ min: -20, max: 60 }).map((days) => (START + days * DAY) as InstantMs);
const dated: fc.Arbitrary<Dated> = fc
  .record({
    fromMs: fc.option(instant, { freq: 3 }),
    length: fc.option(fc.integer({ min: 1, max: 40 }), { freq: 2 }),
  })
  .map(({ fromMs, length }) => ({
    fromMs,
    untilMs: length === null ? null : (((fromMs ?? START) + length * DAY) as InstantMs),
  }));
const amount = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.constant(AMOUNT_MAX),
) as fc.Arbitrary<Amount>;
const termFields = {
  limit: fc.option(amount),
  period: fc.constantFrom(MONTHLY_UTC, { every: 'week' as const, zone: 'Europe/Berlin' }),
  mode: fc.constantFrom({ kind: 'strict' as const }, { kind: 'track' as const }),
  alertPercents: fc.constantFrom([], [80, 100]),
  sharePercentMax: fc.option(fc.integer({ min: 1, max: 100 })),
};
const terms: fc.Arbitrary<BudgetTerms> = fc.record(termFields);
const someTerms = fc
  .record(termFields, { requiredKeys: [] })
  .filter((some) => Object.keys(some).length > 0) as fc.Arbitrary<Partial<BudgetTerms>>;
const rateTerms: fc.Arbitrary<RateTerms> = fc.record({
  counts: fc.constantFrom('requests' as const, 'money' as const, 'units' as const),
  limiter: fc.record({ algorithm: fc.constantFrom('gcra', 'log') }),
});
function change<Terms>(
  all: fc.Arbitrary<Terms>,
  some: fc.Arbitrary<Partial<Terms>>,
): fc.Arbitrary<Change<Terms>> {
  return fc.oneof(
    all.map((given) => ({ kind: 'set' as const, terms: given })),
    some.map((given) => ({ kind: 'alter' as const, terms: given })),
    fc.constant({ kind: 'remove' as const }),
  );
}
const principal = fc.constantFrom('authenticated' as const, 'anonymous' as const);
const budgetRule: fc.Arbitrary<BudgetRule> = fc
  .tuple(terms, key, match)
  .map(([given, called, on]) => ({ ...given, name: called, on }));
const rateRule: fc.Arbitrary<RateRule> = fc
  .tuple(rateTerms, key, match, principal)
  .map(([given, called, on, of]) => ({ ...given, name: called, on, class: of }));
const about = (rule: { name: string; on: ScopeMatch; class?: string }) =>
  JSON.stringify([rule.on.kind, rule.on.name, rule.name, rule.class]);
const rules = (minBudgets: number) =>
  fc.record({
    budgets: fc.uniqueArray(budgetRule, { minLength: minBudgets, maxLength: 6, selector: about }),
    rates: fc.uniqueArray(rateRule, { maxLength: 4, selector: about }),
  });
const plan = fc.constantFrom('free', 'pro', 'ghost');
const set: fc.Arbitrary<PolicySet> = fc
  .record({
    version: fc.nat(),
    defaults: rules(1),
    free: rules(0),
    pro: rules(0),
    assignments: fc.uniqueArray(fc.record({ tenant, scope: fc.option(scope), plan }), {
      maxLength: 8,
      selector: (assignment: Assignment) => JSON.stringify([assignment.tenant, assignment.scope]),
    }),
    budgetOverrides: fc.array(
      fc.tuple(
        dated,
        fc.record({ tenant, on: match, budget: key, change: change(terms, someTerms) }),
      ),
      { maxLength: 10 },
    ),
    rateOverrides: fc.array(
      fc.tuple(
        dated,
        fc.record({
          tenant,
          on: match,
          rate: key,
          class: principal,
          change: change(rateTerms, fc.record({ counts: fc.constant('inputTokens' as const) })),
        }),
      ),
      { maxLength: 6 },
    ),
    grants: fc.array(
      fc.tuple(
        dated,
        fc.record({
          tenant,
          on: match,
          budget: key,
          amount,
          priority: fc.integer({ min: 0, max: 2 }),
        }),
      ),
      { maxLength: 6 },
    ),
  })
  .map(({ free, pro, budgetOverrides, rateOverrides, grants, ...rest }) => ({
    ...rest,
    plans: [
      { name: 'free', ...free },
      { name: 'pro', ...pro },
    ],
    budgetOverrides: budgetOverrides.map(([when, what], id) => ({
      id: `o${id}`,
      ...when,
      ...what,
    })),
    rateOverrides: rateOverrides.map(([when, what], id) => ({ id: `r${id}`, ...when, ...what })),
    grants: grants.map(([when, what], id) => ({ id: `g${id}`, ...when, ...what })),
    promotions: [],
    scopeKinds: [],
  }));
const caller: fc.Arbitrary<Caller> = fc.record({
  tenant,
  class: principal,
  scopes: fc.array(scope, { minLength: 1, maxLength: 6 }),
});

/** The scopes of a caller, each once. */
const scopesOf = ({ scopes }: Caller) =>
  scopes.filter((one, index) => scopes.findIndex((other) => isSame(one, other)) === index);
const isSame = (a: Scope, b: Scope) => a.kind === b.kind && a.name === b.name;

/** Reads the whole set for one rule of one scope, from the weakest record to the strongest. */
function naively<Terms extends object>(
  { plans, assignments, defaults }: PolicySet,
  at: { tenant: TenantId; scope: Scope; nowMs: number },
  rulesIn: (rules: PolicySet['defaults']) => readonly (Terms & { on: ScopeMatch })[],
  overrides: readonly (Dated & {
    id: string;
    tenant: TenantId;
    on: ScopeMatch;
    change: Change<Terms>;
  })[],
): Terms | undefined {
  const own = assignments.find(
    (a) => a.tenant === at.tenant && a.scope && isSame(a.scope, at.scope),
  );
  const general = assignments.find((a) => a.tenant === at.tenant && a.scope === null);
  const chosen = [own, general]
    .map((assignment) => plans.find(({ name: called }) => called === assignment?.plan))
    .find((found) => found !== undefined);
  let answer: Terms | undefined;
  for (const layer of [defaults, chosen ?? { budgets: [], rates: [] }]) {
    for (const on of [undefined, at.scope.name]) {
      for (const rule of rulesIn(layer)) {
        if (rule.on.kind === at.scope.kind && rule.on.name === on) answer = rule;
      }
    }
  }
  for (const on of [undefined, at.scope.name]) {
    const inForce = overrides.filter(
      (o) =>
        o.tenant === at.tenant &&
        o.on.kind === at.scope.kind &&
        o.on.name === on &&
        (o.fromMs ?? -Infinity) <= at.nowMs &&
        at.nowMs < (o.untilMs ?? Infinity),
    );
    const last = Math.max(...inForce.map(({ fromMs }) => fromMs ?? -Infinity));
    const [strongest] = inForce
      .filter(({ fromMs }) => (fromMs ?? -Infinity) === last)
      .map(({ id }) => id)
      .toSorted();
    const step = inForce.find(({ id }) => id === strongest)?.change;
    if (step?.kind === 'set') answer = step.terms;
    if (step?.kind === 'remove') answer = undefined;
    if (step?.kind === 'alter' && answer !== undefined) answer = { ...answer, ...step.terms };
  }
  return answer;
}

function termsOf({
  limit,
  period,
  mode,
  alertPercents,
  sharePercentMax,
}: BudgetTerms): BudgetTerms {
  return { limit, period, mode, alertPercents, sharePercentMax };
}

it('agrees with a reading that looks at every record for every question', () => {
  fc.assert(
    fc.property(set, caller, instant, (records, who, nowMs) => {
      const expected = scopesOf(who).flatMap((one) =>
        ['cap', 'credit'].flatMap((budget) => {
          const found = naively<BudgetTerms>(
            records,
            { tenant: who.tenant, scope: one, nowMs },
            (from) => from.budgets.filter((rule) => rule.name === budget),
            records.budgetOverrides.filter((o) => o.budget === budget),
          );
          if (found === undefined) return [];
          const period = periodAt(found.period, nowMs);
          const granted = records.grants
            .filter(
              (g) =>
                g.tenant === who.tenant &&
                g.budget === budget &&
                g.on.kind === one.kind &&
                (g.on.name === undefined || g.on.name === one.name) &&
                (g.fromMs ?? 0) <= nowMs &&
                (g.untilMs ?? Infinity) > period.startAtMs,
            )
            .reduce((sum, g) => sum + BigInt(g.amount), 0n);
          const most = granted + BigInt(found.limit ?? 0);
          const spendable = most > BigInt(AMOUNT_MAX) ? AMOUNT_MAX : Number(most);
          return [
            {
              id: budgetId(who.tenant, one, budget),
              terms: termsOf(found),
              period,
              spendable: found.limit === null ? null : spendable,
            },
          ];
        }),
      );
      const { budgets, version } = resolve(compilePolicies(records), who, nowMs);
      expect(version).toBe(records.version);
      expect(
        budgets.map(({ id, terms: given, period, spendable }) => ({
          id,
          terms: given,
          period,
          spendable,
        })),
      ).toEqual(expected.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    }),
    { seed: 21, numRuns: 2_000 },
  );
});

it('agrees with it on rate limits, of the caller’s class and no other', () => {
  fc.assert(
    fc.property(set, caller, instant, (records, who, nowMs) => {
      const expected = scopesOf(who).flatMap((one) =>
        ['cap', 'credit'].flatMap((rate) => {
          const found = naively<RateTerms<AnyLimiterPolicy>>(
            records,
            { tenant: who.tenant, scope: one, nowMs },
            (from) => from.rates.filter((r) => r.name === rate && r.class === who.class),
            records.rateOverrides.filter((o) => o.rate === rate && o.class === who.class),
          );
          if (found === undefined) return [];
          return [JSON.stringify([one, rate, found.counts, found.limiter])];
        }),
      );
      const { rates } = resolve(compilePolicies(records), who, nowMs);
      const found = rates.map((rate) =>
        JSON.stringify([rate.scope, rate.name, rate.terms.counts, rate.terms.limiter]),
      );
      expect(found.toSorted()).toEqual(expected.toSorted());
    }),
    { seed: 22, numRuns: 1_000 },
  );
});

it('answers and explains alike in whatever order the records and scopes are', () => {
  const shuffled = fc.tuple(set, caller, instant).chain(([records, who, nowMs]) =>
    fc
      .record({
        assignments: shuffle(records.assignments),
        budgetOverrides: shuffle(records.budgetOverrides),
        rateOverrides: shuffle(records.rateOverrides),
        grants: shuffle(records.grants),
        plans: shuffle(records.plans),
        budgets: shuffle(records.defaults.budgets),
        rates: shuffle(records.defaults.rates),
        scopes: shuffle(who.scopes),
      })
      .map(({ budgets, rates, scopes, ...lists }) => ({
        one: { records, who },
        other: {
          records: { ...records, ...lists, defaults: { budgets, rates } },
          who: { ...who, scopes },
        },
        nowMs,
      })),
  );
  fc.assert(
    fc.property(shuffled, ({ one, other, nowMs }) => {
      const [a, b] = [compilePolicies(one.records), compilePolicies(other.records)];
      expect(resolve(b, other.who, nowMs)).toEqual(resolve(a, one.who, nowMs));
      expect(explain(b, other.who, nowMs)).toEqual(explain(a, one.who, nowMs));
      expect(problemsOf(b)).toEqual(problemsOf(a));
    }),
    { seed: 23, numRuns: 500 },
  );
});

function shuffle<Item>(items: readonly Item[]): fc.Arbitrary<Item[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
}

it('gives a budget the same terms whoever else is on the call', () => {
  fc.assert(
    fc.property(set, caller, instant, (records, who, nowMs) => {
      const policies = compilePolicies(records);
      for (const budget of resolve(policies, who, nowMs).budgets) {
        const alone = resolve(policies, { ...who, scopes: [budget.scope] }, nowMs);
        expect(alone.budgets).toContainEqual(budget);
      }
    }),
    { seed: 24, numRuns: 500 },
  );
});

it('keeps its answer until it said it would, and dates each answer after the one before', () => {
  fc.assert(
    fc.property(set, caller, instant, (records, who, nowMs) => {
      const policies = compilePolicies(records);
      const now = resolve(policies, who, nowMs);
      expect(now.validUntilMs).toBeGreaterThan(nowMs);
      const last = resolve(policies, who, (now.validUntilMs - 1) as InstantMs);
      expect(last).toEqual(now);
      const later = resolve(policies, who, (nowMs + 25 * DAY) as InstantMs);
      for (const { id, terms: given, period, spendable, sinceMs } of now.budgets) {
        const then = later.budgets.find(
          (budget) => budget.id === id && budget.period.id === period.id,
        );
        if (then === undefined) continue;
        expect(then.sinceMs).toBeGreaterThanOrEqual(sinceMs);
        if (then.sinceMs === sinceMs) expect(then).toMatchObject({ terms: given, spendable });
      }
    }),
    { seed: 26, numRuns: 1_000 },
  );
});

it('says of every budget that applies which one rule won, and of no other that one did', () => {
  fc.assert(
    fc.property(set, caller, instant, (records, who, nowMs) => {
      for (const { applies, why, subject } of explain(compilePolicies(records), who, nowMs)) {
        const won = why.filter(({ verdict }) => verdict === 'won').length;
        if (applies) expect(won).toBe(1);
        else if (subject.startsWith('budget')) expect(won).toBe(0);
        // Whatever gave way or has no effect says why; what counts needs no excuse.
        for (const { verdict, reason } of why) {
          expect(reason !== undefined).toBe(verdict === 'lost' || verdict === 'idle');
        }
      }
    }),
    { seed: 25, numRuns: 500 },
  );
});

it('looks at the records about the caller’s scopes and at no other: 10,000 overrides cost nothing', () => {
  const others = (count: number) => ({
    budgetOverrides: Array.from({ length: count }, (_, index) => ({
      id: `o${index}`,
      tenant: index % 2 === 0 ? 'acme' : `t${index}`,
      on: { kind: 'user', name: `u${index}` },
      budget: 'credit',
      change: { alter: { limitUsd: '9.00' } },
    })),
    plans: Array.from({ length: Math.min(count, 1_000) }, (_, index) => ({ name: `p${index}` })),
    assignments: Array.from({ length: count }, (_, index) => ({
      tenant: 'acme',
      scope: { kind: 'user', name: `u${index}` },
      plan: 'p0',
    })),
    grants: Array.from({ length: count }, (_, index) => ({
      id: `g${index}`,
      tenant: 'acme',
      on: { kind: 'user', name: `u${index}` },
      budget: 'credit',
      amountUsd: '1.00',
    })),
  });
  const who: Caller = {
    tenant: 'acme' as TenantId,
    class: 'authenticated',
    scopes: [
      { kind: 'user', name: 'alice' },
      { kind: 'team', name: 'red' },
    ],
  };
  const examined = (count: number, of: Caller) =>
    resolve(compiledExample(others(count)), of, START as InstantMs).examined;
  // Five look-ups for each of two scopes, and the default for the user.
  expect(examined(0, who)).toBe(11);
  expect(examined(10_000, who)).toBe(11);
  // With an override and a grant of one's own, of 10,000: two records more.
  const busy = { ...who, scopes: [{ kind: 'user', name: 'u0' }, ...who.scopes.slice(1)] };
  expect(examined(10_000, busy)).toBe(13);
});
