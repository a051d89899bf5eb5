import { explain, type InstantMs } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { caller, CREDIT_EACH, NOON, policies } from './sets.ts';

const on = { kind: 'user', name: 'bob' };
const set = policies({
  plans: [{ name: 'pro', budgets: [{ ...CREDIT_EACH, limitUsd: '50.00' }] }],
  assignments: [
    { tenant: 'acme', plan: 'pro' },
    { tenant: 'acme', scope: on, plan: 'ghost' },
  ],
  budgetOverrides: [
    {
      id: 'all',
      tenant: 'acme',
      on: { kind: 'user' },
      budget: 'credit',
      change: { alter: { limitUsd: '20.00' } },
    },
    { id: 'own', tenant: 'acme', on, budget: 'credit', from: '2026-12-01', change: 'remove' },
    { id: 'lost', tenant: 'acme', on, budget: 'extra', change: { alter: { limitUsd: '1.00' } } },
  ],
  grants: [
    { id: 'gift', tenant: 'acme', on, budget: 'credit', amountUsd: '5.00' },
    { id: 'old', tenant: 'acme', on, budget: 'credit', amountUsd: '5.00', until: '2026-11-01' },
  ],
});

describe('explain (C28)', () => {
  it('shows every record that was considered, the strongest first, and what became of it', () => {
    const [credit, extra] = explain(set, caller('user:bob'), NOON);
    expect(credit).toMatchObject({
      subject: 'budget user:bob/credit',
      applies: true,
      outcome: '$20.00 each calendar month, strict, and $5.00 granted',
      lines: [
        'the grant "gift" for this scope by its name adds credit',
        'the grant "old" for this scope by its name has no effect: it ended 2026-11-01T00:00:00.000Z',
        'the override of the scope "own" has no effect: it begins 2026-12-01T00:00:00.000Z',
        'the override of the tenant "all" changes part of it',
        'the plan "pro" counts',
        'the default gives way: "pro" (plan) comes after it',
        'the plan "ghost" has no effect: there is no plan of this name',
      ],
    });
    expect(extra).toMatchObject({
      subject: 'budget user:bob/extra',
      applies: false,
      outcome: 'no such budget',
      lines: [
        'the override of the scope "lost" has no effect: there is no rule for it to alter',
        'the plan "ghost" has no effect: there is no plan of this name',
      ],
    });
  });

  it('shows what was taken away, and by what', () => {
    const december = Date.UTC(2026, 11, 5) as InstantMs;
    const [credit] = explain(set, caller('user:bob'), december);
    expect(credit).toMatchObject({ applies: false, outcome: 'no such budget' });
    expect(credit?.lines).toEqual([
      'the grant "gift" for this scope by its name has no effect: there is no budget for it to add to',
      'the grant "old" for this scope by its name has no effect: there is no budget for it to add to',
      'the override of the scope "own" takes it away',
      'the override of the tenant "all" gives way: "own" (scope) comes after it',
      'the plan "pro" gives way: "own" (scope) comes after it',
      'the default gives way: "pro" (plan) comes after it',
      'the plan "ghost" has no effect: there is no plan of this name',
    ]);
  });

  it('shows rates, and to whom they do not apply', () => {
    const rates = ['authenticated', 'anonymous'].map((principal) => ({
      name: 'requests',
      on: { kind: 'user' },
      class: principal,
      counts: 'requests',
      limiter: { algorithm: 'gcra' },
    }));
    const both = policies({ defaults: { budgets: [CREDIT_EACH], rates } });
    expect(
      explain(both, caller('user:bob'), NOON)
        .slice(1)
        .map(({ subject, applies, outcome }) => [subject, applies, outcome]),
    ).toEqual([
      [
        'rate user:bob/requests (anonymous)',
        false,
        'requests by gcra; not for authenticated callers',
      ],
      ['rate user:bob/requests (authenticated)', true, 'requests by gcra'],
    ]);
  });
});
