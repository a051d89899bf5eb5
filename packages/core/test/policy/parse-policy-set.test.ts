import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkLimiterPolicy,
  compilePolicies,
  type InstantMs,
  parsePolicySet,
  problemsOf,
  resolve,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { caller, CREDIT_EACH, NOON, parsed, policies } from './sets.ts';

const DOCS = join(import.meta.dirname, '../../../../docs');

describe('the examples of the documentation', () => {
  it.each([
    ['budgets.md', 8],
    ['rate-limits.md', 3],
  ])('%s: can be used as they are, and each of their rules has an effect', async (page, count) => {
    const text = await readFile(join(DOCS, page), 'utf8');
    const blocks = [...text.matchAll(/^```json\n(.*?)^```/gms)];
    expect(blocks).toHaveLength(count);
    for (const [, json = ''] of blocks) {
      const set = compilePolicies(parsePolicySet(JSON.parse(json), checkLimiterPolicy));
      expect(problemsOf(set)).toEqual([]);
    }
  });
});

describe('a policy set in JSON', () => {
  it('is a month in UTC, strict, without alerts or ceiling, where it says nothing else', () => {
    expect(parsed({}).defaults.budgets).toEqual([
      {
        name: 'credit',
        on: { kind: 'user' },
        limit: 5_000_000_000,
        period: { every: 'month', zone: 'UTC' },
        mode: { kind: 'strict' },
        alertPercents: [],
        sharePercentMax: null,
      },
    ]);
  });

  it('keeps everything that it says', () => {
    const set = parsed({
      defaults: {
        budgets: [
          {
            ...CREDIT_EACH,
            period: { every: 'week', startsOn: 'sunday', zone: 'Asia/Tokyo' },
            mode: { boundedByUsd: '0.50' },
            alertPercents: [50, 120],
            sharePercentMax: 25,
          },
        ],
      },
      grants: [
        {
          id: 'g',
          tenant: 'acme',
          on: { kind: 'user', name: 'alice' },
          budget: 'credit',
          amountUsd: 3,
          from: '2026-11-05',
          until: '2026-11-06T07:08:09Z',
          priority: 7,
        },
      ],
      promotions: [{ from: 'a', to: 'b', spentUsd: '5', ageDays: 7 }],
      scopeKinds: ['project'],
    });
    expect(set.defaults.budgets[0]).toMatchObject({
      period: { every: 'week', startsOn: 'sunday', zone: 'Asia/Tokyo' },
      mode: { kind: 'bounded', by: 500_000_000 },
      alertPercents: [50, 120],
      sharePercentMax: 25,
    });
    expect(set.grants[0]).toMatchObject({
      amount: 3_000_000_000,
      fromMs: Date.UTC(2026, 10, 5),
      untilMs: Date.UTC(2026, 10, 6, 7, 8, 9),
      priority: 7,
    });
    expect(set.promotions).toEqual([
      { from: 'a', to: 'b', spentMin: 5_000_000_000, ageMsMin: 604_800_000 },
    ]);
    expect(set.scopeKinds).toEqual(['project']);
  });

  const over = (change: unknown) => ({
    budgetOverrides: [{ id: 'o', tenant: 'acme', on: { kind: 'user' }, budget: 'credit', change }],
  });
  it('tells a change from a replacement: what alter does not mention stays', () => {
    const bounded = { defaults: { budgets: [{ ...CREDIT_EACH, mode: 'track' }] } };
    const modeAfter = (change: unknown) =>
      resolve(policies({ ...bounded, ...over(change) }), caller('user:a'), NOON as InstantMs)
        .budgets[0]?.terms.mode.kind;
    expect(modeAfter({ alter: { limitUsd: '1.00' } })).toBe('track');
    expect(modeAfter({ set: { limitUsd: '1.00' } })).toBe('strict');
  });

  const budget = (more: object) => ({ defaults: { budgets: [{ ...CREDIT_EACH, ...more }] } });
  it.each<[object, string, string]>([
    [{ version: '1' }, 'version', 'must be a number'],
    [{ surprise: 1 }, 'policies.surprise', 'is not known here'],
    [{ defaults: null }, 'defaults', 'must be an object'],
    [{ defaults: { budget: [] } }, 'defaults.budget', 'the fields are budgets, rates'],
    [{ plans: {} }, 'plans', 'must be a list'],
    [budget({ limitUsd: undefined }), 'defaults.budgets.0.limitUsd', 'or null for no limit'],
    [budget({ limitUsd: 0.1 }), 'defaults.budgets.0.limitUsd', 'decimal USD in a text'],
    [budget({ limitUsd: '-1' }), 'defaults.budgets.0.limitUsd', 'nano-USD'],
    [budget({ limit: 5 }), 'defaults.budgets.0.limit', 'is not known here'],
    [budget({ mode: 'lax' }), 'defaults.budgets.0.mode', '"strict", "track"'],
    [budget({ mode: {} }), 'defaults.budgets.0.mode.boundedByUsd', 'decimal USD'],
    [
      budget({ period: { every: 'month', zone: 'Nowhere' } }),
      'defaults.budgets.0.period.zone',
      'IANA',
    ],
    [budget({ alertPercents: ['80'] }), 'defaults.budgets.0.alertPercents.0', 'must be a number'],
    [budget({ on: 'user' }), 'defaults.budgets.0.on', 'must be an object'],
    [
      budget({ on: { kind: 'user', like: 'a*' } }),
      'defaults.budgets.0.on.like',
      'is not known here',
    ],
    [over('delete'), 'budgetOverrides.0.change', 'must be "remove"'],
    [over({}), 'budgetOverrides.0.change', 'either set or alter'],
    [over({ set: {} }), 'budgetOverrides.0.change.set.limitUsd', 'must be given'],
    [over({ alter: { limitUSD: '1' } }), 'budgetOverrides.0.change.alter.limitUSD', 'is not known'],
    [
      { assignments: [{ tenant: 'acme', scope: { kind: 'user' }, plan: 'p' }] },
      'assignments.0.scope.name',
      'must be given',
    ],
    [{ assignments: [{ tenant: 'A!', plan: 'p' }] }, 'assignments.0.tenant', 'must be 1 to 63'],
    [
      { grants: [{ id: 'g', tenant: 'acme', on: { kind: 'user' }, from: '5 Nov' }] },
      'grants.0.from',
      'ISO|2026-11-01',
    ],
    [
      { promotions: [{ from: 'a', to: 'b', spentUsd: '1', ageDays: -1 }] },
      'promotions.0.ageDays',
      'non-negative',
    ],
    [
      {
        defaults: {
          budgets: [CREDIT_EACH],
          rates: [{ name: 'r', on: { kind: 'user' }, counts: 'tokens' }],
        },
      },
      'defaults.rates.0.counts',
      'must be one of requests',
    ],
    [
      {
        defaults: {
          budgets: [CREDIT_EACH],
          rates: [{ name: 'r', on: { kind: 'user' }, counts: 'requests' }],
        },
      },
      'defaults.rates.0.limiter',
      'must have an algorithm',
    ],
  ])('is refused with field and fix: %j', (set, field, problem) => {
    expect(() => parsed(set)).toThrow(expect.objectContaining({ field }));
    expect(() => parsed(set)).toThrow(new RegExp(problem));
  });
});
