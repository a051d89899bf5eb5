import {
  AMOUNT_MAX,
  type Amount,
  budgetLegs,
  creditUse,
  type InstantMs,
  parseUsd,
  resolve,
  type ResolvedBudget,
} from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caller, CREDIT_EACH, NOON, policies } from './sets.ts';

const each = (kind: string, more: object = {}) => ({ ...CREDIT_EACH, on: { kind }, ...more });
const legs = (set: object, scopes: string, nowMs = NOON) =>
  budgetLegs(resolve(policies(set), caller(scopes), nowMs));

describe('the legs of a call', () => {
  const three = {
    version: 12,
    defaults: {
      budgets: [
        each('user', { limitUsd: '100.00' }),
        each('org', { limitUsd: '10000.00', mode: 'track' }),
        each('team', { sharePercentMax: 20, period: { every: 'week', zone: 'Europe/Berlin' } }),
      ],
    },
  };

  it('are the accounts of every budget that applies, in the order of their ids', () => {
    const all = legs(three, 'user:alice team:red team:blue org:acme model:gpt-4o');
    expect(all.map(({ account }) => account)).toEqual([
      'acme/org:acme/credit/2026-11',
      'acme/team:blue/credit/2026-11-09.week@Europe.Berlin',
      'acme/team:red/credit/2026-11-09.week@Europe.Berlin',
      'acme/user:alice/credit/2026-11',
    ]);
    expect(legs(three, 'org:acme team:blue user:alice team:red')).toEqual(all);
  });

  it('carry limit, grants, mode, period and the version of the policies that say so', () => {
    const grants = [
      { id: 'g', tenant: 'acme', on: { kind: 'team' }, budget: 'credit', amountUsd: '1.00' },
    ];
    const [org, team] = legs({ ...three, grants }, 'org:acme team:red');
    expect(org).toMatchObject({ mode: { kind: 'track' }, reservedMax: null, policyVersion: 12 });
    expect(team).toEqual({
      account: 'acme/team:red/credit/2026-11-09.week@Europe.Berlin',
      budget: 'acme/team:red/credit',
      period: {
        id: '2026-11-09.week@Europe.Berlin',
        startAtMs: Date.parse('2026-11-08T23:00:00Z'),
        endAtMs: Date.parse('2026-11-15T23:00:00Z'),
      },
      limit: parseUsd('5.00'),
      granted: parseUsd('1.00'),
      policyVersion: 12,
      sinceMs: 0,
      mode: { kind: 'strict' },
      reservedMax: parseUsd('1.20'),
    });
  });

  it('are of the next period from its first instant on, without anything having run (F36)', () => {
    const last = Date.UTC(2026, 11, 1) - 1;
    expect(legs({}, 'user:a', last as InstantMs)[0]?.account).toContain('/2026-11');
    expect(legs({}, 'user:a', (last + 1) as InstantMs)[0]?.account).toContain('/2026-12');
  });

  it('leave a share of the whole nano-dollars, also of the largest limit, and none of nothing', () => {
    const share = (limitUsd: string | null) =>
      legs(
        { defaults: { budgets: [each('user', { limitUsd, sharePercentMax: 33 })] } },
        'user:a',
      )[0]?.reservedMax;
    expect(share('0.000000010')).toBe(3);
    expect(share('9007199.254740991')).toBe(Number((BigInt(AMOUNT_MAX) * 33n) / 100n));
    expect(share('0')).toBe(0);
    expect(share(null)).toBeNull();
  });

  it('are refused when there are none: without a budget nothing may be spent (F11)', () => {
    expect(() => legs({}, 'team:red')).toThrow(
      expect.objectContaining({ code: 'budget_missing', field: 'scopes' }),
    );
    expect(() => legs({}, '')).toThrow('add a default budget');
  });

  it('are at most 8; with one more the call is refused with the bound and the budgets', () => {
    const budgets = Array.from({ length: 8 }, (_, index) => each('user', { name: `b${index}` }));
    expect(legs({ defaults: { budgets } }, 'user:a')).toHaveLength(8);
    const nine = () => legs({ defaults: { budgets: [...budgets, each('team')] } }, 'user:a team:t');
    expect(nine).toThrow(expect.objectContaining({ code: 'budgets_too_many' }));
    expect(nine).toThrow('at most 8 budgets, and 9 apply: team:t/credit, user:a/b0, user:a/b1');
  });
});

describe('what was spent', () => {
  const grants = ['4.00', '1.00'].map((amountUsd, priority) => ({
    id: `g${priority}`,
    tenant: 'acme',
    on: { kind: 'user' },
    budget: 'credit',
    amountUsd,
    priority,
  }));
  const budget = (set: object) =>
    resolve(policies(set), caller('user:a'), NOON).budgets[0] as ResolvedBudget;
  const used = (spent: string, set: object = { grants }) => {
    const use = creditUse(budget(set), parseUsd(spent));
    return [...use.grants.map((grant) => grant.used), use.limit, use.overage].map(
      (sum) => sum / 1e9,
    );
  };

  it('counts as taken from the grants in their order, then from the limit, then as overage', () => {
    expect(used('3.00')).toEqual([3, 0, 0, 0]);
    expect(used('4.50')).toEqual([4, 0.5, 0, 0]);
    expect(used('10.00')).toEqual([4, 1, 5, 0]);
    expect(used('12.00')).toEqual([4, 1, 5, 2]);
    const unlimited = { grants, defaults: { budgets: [each('user', { limitUsd: null })] } };
    expect(used('12.00', unlimited)).toEqual([4, 1, 7, 0]);
  });

  it('is divided to the last nano-dollar', () => {
    const of = budget({ grants });
    fc.assert(
      fc.property(fc.maxSafeNat(), (spent) => {
        const use = creditUse(of, spent as Amount);
        const parts = [...use.grants.map((grant) => grant.used), use.limit, use.overage];
        expect(parts.reduce<bigint>((sum, part) => sum + BigInt(part), 0n)).toBe(BigInt(spent));
      }),
      { seed: 31 },
    );
  });
});
