import {
  type BudgetRule,
  checkSuccessor,
  compilePolicies,
  DATED_MAX,
  type PolicySet,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { CREDIT_EACH, NOON, parsed } from './sets.ts';

const GOOD: PolicySet = parsed({
  plans: [{ name: 'pro', budgets: [CREDIT_EACH] }],
  assignments: [{ tenant: 'acme', plan: 'pro' }],
});
const [RULE] = GOOD.defaults.budgets as [BudgetRule];
const rates = [
  {
    name: 'r',
    on: { kind: 'user' },
    class: 'anonymous' as const,
    counts: 'requests' as const,
    limiter: { algorithm: 'gcra' },
  },
];
const record = {
  tenant: 'acme',
  on: { kind: 'user' },
  budget: 'credit',
  fromMs: null,
  untilMs: null,
};
const remove = { kind: 'remove' };
const grant = { ...record, id: 'g', amount: 1, priority: 0 };

const rule = (more: object) => ({ defaults: { budgets: [{ ...RULE, ...more }], rates: [] } });
const budgets = (...more: object[]) => ({
  defaults: { budgets: more.map((each) => ({ ...RULE, ...each })), rates: [] },
});
const overrides = (...more: object[]) => ({
  budgetOverrides: more.map((each, id) => ({ ...record, id: `o${id}`, change: remove, ...each })),
});

describe('a policy set', () => {
  it.each<[string, object, string, string]>([
    ['no version', { version: -1 }, 'version', '0 or more'],
    ['nothing by default', budgets(), 'defaults.budgets', 'at least one budget'],
    ['a name that is none', rule({ name: ' x' }), 'defaults.budgets.0.name', 'white space'],
    ['a long name', rule({ name: 'é'.repeat(33) }), 'defaults.budgets.0.name', 'at most 64 bytes'],
    [
      'no kind',
      rule({ on: { kind: '' } }),
      'defaults.budgets.0.on.kind',
      'beginning with a letter',
    ],
    [
      'no scope',
      rule({ on: { kind: 'user', name: '' } }),
      'defaults.budgets.0.on.name',
      'not be empty',
    ],
    ['half a nano-dollar', rule({ limit: 0.5 }), 'defaults.budgets.0.limit', 'whole nano-USD'],
    ['a forgotten limit', rule({ limit: undefined }), 'defaults.budgets.0.limit', 'must be given'],
    [
      'no such mode',
      rule({ mode: { kind: 'lax' } }),
      'defaults.budgets.0.mode.kind',
      'strict, bounded',
    ],
    [
      'no bound',
      rule({ mode: { kind: 'bounded' } }),
      'defaults.budgets.0.mode.by',
      'most it may be over',
    ],
    ['no zone', rule({ period: { every: 'day' } }), 'defaults.budgets.0.period.zone', 'IANA'],
    [
      'alerts in disorder',
      rule({ alertPercents: [80, 80] }),
      'defaults.budgets.0.alertPercents.1',
      'ascending',
    ],
    [
      'an alert at nothing',
      rule({ alertPercents: [0] }),
      'defaults.budgets.0.alertPercents.0',
      '1 to 1000',
    ],
    [
      'many alerts',
      rule({ alertPercents: Array.from({ length: 17 }, (_, i) => i + 1) }),
      'defaults.budgets.0.alertPercents',
      'at most 16',
    ],
    [
      'a share of nothing',
      rule({ sharePercentMax: 0 }),
      'defaults.budgets.0.sharePercentMax',
      '1 to 100',
    ],
    [
      'two rules for one budget',
      budgets({}, {}),
      'defaults.budgets.1',
      'says the same as defaults.budgets.0 about budget each user credit',
    ],
    [
      'many rules',
      budgets(...Array.from({ length: 65 }, (_, i) => ({ name: `b${i}` }))),
      'defaults.budgets',
      'at most 64',
    ],
    [
      'two rates of one name',
      { defaults: { ...GOOD.defaults, rates: [...rates, ...rates] } },
      'defaults.rates.1',
      'anonymous:r',
    ],
    [
      'no class',
      { defaults: { ...GOOD.defaults, rates: [{ ...rates[0], class: 'vip' }] } },
      'defaults.rates.0.class',
      'must be one of',
    ],
    [
      'nothing counted',
      { defaults: { ...GOOD.defaults, rates: [{ ...rates[0], counts: 'x' }] } },
      'defaults.rates.0.counts',
      'must be one of',
    ],
    [
      'slots of what is known only when they are free',
      {
        defaults: {
          ...GOOD.defaults,
          rates: [{ ...rates[0], counts: 'units', limiter: { algorithm: 'concurrency' } }],
        },
      },
      'defaults.rates.0.counts',
      'must not be units',
    ],
    [
      'no limiter',
      { defaults: { ...GOOD.defaults, rates: [{ ...rates[0], limiter: undefined }] } },
      'defaults.rates.0.limiter',
      'must be given',
    ],
    [
      'two plans of one name',
      { plans: [...GOOD.plans, ...GOOD.plans] },
      'plans.1.name',
      'about plan pro',
    ],
    [
      'two plans for one tenant',
      { assignments: [...GOOD.assignments, ...GOOD.assignments] },
      'assignments.1',
      'keep one',
    ],
    [
      'no tenant',
      { assignments: [{ ...GOOD.assignments[0], tenant: 'A' }] },
      'assignments.0.tenant',
      'must be 1 to 63',
    ],
    [
      'two overrides of one id',
      overrides({ id: 'x' }, { id: 'x' }),
      'budgetOverrides.1.id',
      'keep one',
    ],
    [
      'an override that ends first',
      overrides({ fromMs: NOON, untilMs: NOON }),
      'budgetOverrides.0.untilMs',
      'after fromMs',
    ],
    [
      'an override without an instant',
      overrides({ fromMs: -1 }),
      'budgetOverrides.0.fromMs',
      '1970',
    ],
    [
      'an override that changes nothing',
      overrides({ change: { kind: 'alter', terms: {} } }),
      'budgetOverrides.0.change.terms',
      'at least one',
    ],
    [
      'an override that sets half',
      overrides({ change: { kind: 'set', terms: { limit: 1 } } }),
      'budgetOverrides.0.change.terms.period',
      'must be given',
    ],
    [
      'no such change',
      overrides({ change: { kind: 'drop' } }),
      'budgetOverrides.0.change.kind',
      'set, alter, remove',
    ],
    [
      'too many overrides for one budget',
      overrides(...Array.from({ length: DATED_MAX + 1 }, () => ({}))),
      `budgetOverrides.${DATED_MAX}`,
      'remove those that have ended',
    ],
    ['two grants of one id', { grants: [grant, grant] }, 'grants.1.id', 'keep one'],
    [
      'a grant of less than nothing',
      { grants: [{ ...grant, amount: -1 }] },
      'grants.0.amount',
      'whole nano-USD',
    ],
    ['no priority', { grants: [{ ...grant, priority: 1_001 }] }, 'grants.0.priority', '0 to 1000'],
    ['a kind that is none', { scopeKinds: ['Project'] }, 'scopeKinds.0', 'beginning with a letter'],
    [
      'promotions that lead back',
      {
        promotions: [
          { from: 'a', to: 'b', spentMin: 1, ageMsMin: 0 },
          { from: 'b', to: 'c', spentMin: 1, ageMsMin: 0 },
          { from: 'c', to: 'a', spentMin: 1, ageMsMin: 0 },
        ],
      },
      'promotions.0',
      'must not lead back',
    ],
    [
      'a promotion to itself',
      { promotions: [{ from: 'a', to: 'a', spentMin: 1, ageMsMin: 0 }] },
      'promotions.0',
      'lead back',
    ],
    [
      'a promotion said twice',
      { promotions: [1, 2].map((spentMin) => ({ from: 'a', to: 'b', spentMin, ageMsMin: 0 })) },
      'promotions.1',
      'repeats',
    ],
  ])('with %s is refused, with field and fix', (_title, wrong, field, problem) => {
    const compile = () => compilePolicies({ ...GOOD, ...wrong } as PolicySet);
    expect(compile).toThrow(expect.objectContaining({ field }));
    expect(compile).toThrow(problem);
  });

  it('may hold one rule for each scope and one for a scope by its name', () => {
    const both = budgets({}, { on: { kind: 'user', name: 'alice' } });
    expect(() => compilePolicies({ ...GOOD, ...both } as PolicySet)).not.toThrow();
  });

  it('is followed only by one of a higher version', () => {
    const next = { ...GOOD, version: 2 };
    expect(checkSuccessor(GOOD, next)).toBe(next);
    for (const version of [0, 1]) {
      expect(() => checkSuccessor(GOOD, { ...GOOD, version })).toThrow('version must be above 1');
    }
  });
});
