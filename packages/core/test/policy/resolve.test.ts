import { type InstantMs, parseUsd, resolve, type TenantId } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { ACME, caller, CREDIT_EACH, NOON, policies } from './sets.ts';

const at = (iso: string) => Date.parse(iso) as InstantMs;
const usd = (text: string) => parseUsd(text);
const override = (id: string, change: unknown, more: object = {}) => ({
  id,
  tenant: 'acme',
  on: { kind: 'user', name: 'alice' },
  budget: 'credit',
  change,
  ...more,
});
const grant = (id: string, amountUsd: string, more: object = {}) => ({
  id,
  tenant: 'acme',
  on: { kind: 'user', name: 'alice' },
  budget: 'credit',
  amountUsd,
  ...more,
});

/** `scope/budget: what may be spent` of each budget. */
function budgets(set: object, scopes = 'user:alice', nowMs = NOON): string[] {
  return resolve(policies(set), caller(scopes), nowMs).budgets.map(
    ({ id, spendable }) => `${id}: ${spendable === null ? 'no limit' : spendable / 1e9}`,
  );
}

describe('a budget’s limit', () => {
  it('is the default’s for a caller without anything of their own, never unlimited (F11)', () => {
    expect(budgets({}, 'user:nobody-ever-seen')).toEqual(['acme/user:nobody-ever-seen/credit: 5']);
  });

  it.each(['0', '0.0', '0.00', 0])(
    'of %j is a limit of nothing, and null is none (F07)',
    (limitUsd) => {
      for (const kind of ['user', 'team', 'org', 'key', 'model', 'feature', 'session']) {
        const zero = { budgets: [{ name: 'b', on: { kind }, limitUsd }] };
        expect(budgets({ defaults: zero }, `${kind}:x`)).toEqual([`acme/${kind}:x/b: 0`]);
        const none = { budgets: [{ name: 'b', on: { kind }, limitUsd: null }] };
        expect(budgets({ defaults: none }, `${kind}:x`)).toEqual([`acme/${kind}:x/b: no limit`]);
      }
    },
  );

  const layers = {
    plans: [
      { name: 'pro', budgets: [{ ...CREDIT_EACH, limitUsd: '50.00' }] },
      { name: 'team', budgets: [{ ...CREDIT_EACH, limitUsd: '70.00' }] },
    ],
  };
  it('is the plan’s above the default, the tenant’s override above that, and the scope’s above all', () => {
    const assignments = [{ tenant: 'acme', plan: 'pro' }];
    const tenant = override('t', { alter: { limitUsd: '60.00' } }, { on: { kind: 'user' } });
    const scoped = override('s', { alter: { limitUsd: '0' } });
    expect(budgets({ ...layers, assignments })).toEqual(['acme/user:alice/credit: 50']);
    expect(budgets({ ...layers, assignments, budgetOverrides: [tenant] })).toEqual([
      'acme/user:alice/credit: 60',
    ]);
    expect(budgets({ ...layers, assignments, budgetOverrides: [scoped, tenant] })).toEqual([
      'acme/user:alice/credit: 0',
    ]);
    expect(
      budgets({ ...layers, assignments, budgetOverrides: [scoped, tenant] }, 'user:bob'),
    ).toEqual(['acme/user:bob/credit: 60']);
  });

  it('is that of the scope’s own plan, not of the tenant’s', () => {
    const assignments = [
      { tenant: 'acme', plan: 'pro' },
      { tenant: 'acme', scope: { kind: 'user', name: 'alice' }, plan: 'team' },
    ];
    expect(budgets({ ...layers, assignments })).toEqual(['acme/user:alice/credit: 70']);
    expect(budgets({ ...layers, assignments }, 'user:bob')).toEqual(['acme/user:bob/credit: 50']);
  });

  it('goes with a key to another plan, on the same account, so that what was spent is kept (C7)', () => {
    const plans = ['small', 'large'].map((name, index) => ({
      name,
      budgets: [{ name: 'quota', on: { kind: 'key' }, limitUsd: `${index + 1}.00` }],
    }));
    const moved = (plan: string) =>
      budgets(
        { plans, assignments: [{ tenant: 'acme', scope: { kind: 'key', name: 'k1' }, plan }] },
        'key:k1',
      );
    expect(moved('small')).toEqual(['acme/key:k1/quota: 1']);
    expect(moved('large')).toEqual(['acme/key:k1/quota: 2']);
  });

  it('is for one scope by its name before it is for each of the kind, within a layer', () => {
    const model = { ...CREDIT_EACH, on: { kind: 'model' } };
    const defaults = {
      budgets: [{ ...model, on: { kind: 'model', name: 'm1' }, limitUsd: '1.00' }, model],
    };
    expect(budgets({ defaults }, 'model:m1 model:m2')).toEqual([
      'acme/model:m1/credit: 1',
      'acme/model:m2/credit: 5',
    ]);
    const plans = [{ name: 'flat', budgets: [{ ...model, limitUsd: '3.00' }] }];
    const assignments = [{ tenant: 'acme', plan: 'flat' }];
    expect(budgets({ defaults, plans, assignments }, 'model:m1')).toEqual([
      'acme/model:m1/credit: 3',
    ]);
  });

  it('does not depend on which user asks: a team’s plan is the team’s', () => {
    const plans = [
      { name: 'rich', budgets: [{ name: 'credit', on: { kind: 'team' }, limitUsd: '900.00' }] },
    ];
    const assignments = [{ tenant: 'acme', scope: { kind: 'user', name: 'alice' }, plan: 'rich' }];
    const defaults = { budgets: [{ name: 'credit', on: { kind: 'team' }, limitUsd: '10.00' }] };
    expect(budgets({ defaults, plans, assignments }, 'user:alice team:red')).toEqual([
      'acme/team:red/credit: 10',
    ]);
  });

  it('falls back to the tenant’s plan, then to the default, where a plan does not exist', () => {
    const ghost = { tenant: 'acme', scope: { kind: 'user', name: 'alice' }, plan: 'ghost' };
    expect(budgets({ ...layers, assignments: [ghost] })).toEqual(['acme/user:alice/credit: 5']);
    expect(budgets({ ...layers, assignments: [ghost, { tenant: 'acme', plan: 'pro' }] })).toEqual([
      'acme/user:alice/credit: 50',
    ]);
  });

  it('is not another tenant’s', () => {
    const set = policies({ budgetOverrides: [override('o', { alter: { limitUsd: '9.00' } })] });
    const other = { ...caller('user:alice'), tenant: 'other' as TenantId };
    expect(resolve(set, other, NOON).budgets[0]).toMatchObject({
      id: 'other/user:alice/credit',
      spendable: usd('5.00'),
    });
  });
});

describe('an override', () => {
  it('keeps the terms that it does not alter', () => {
    const set = policies({
      defaults: {
        budgets: [{ ...CREDIT_EACH, mode: 'track', alertPercents: [80], sharePercentMax: 10 }],
      },
      budgetOverrides: [override('o', { alter: { limitUsd: '9.00', sharePercentMax: null } })],
    });
    expect(resolve(set, caller('user:alice'), NOON).budgets[0]?.terms).toMatchObject({
      limit: usd('9.00'),
      mode: { kind: 'track' },
      alertPercents: [80],
      sharePercentMax: null,
    });
  });

  it('adds a budget, replaces one whole, and takes one away', () => {
    const added = override('a', { set: { limitUsd: '2.00' } }, { budget: 'extra' });
    const removed = override('r', 'remove');
    expect(budgets({ budgetOverrides: [added] })).toEqual([
      'acme/user:alice/credit: 5',
      'acme/user:alice/extra: 2',
    ]);
    expect(budgets({ budgetOverrides: [added, removed] })).toEqual(['acme/user:alice/extra: 2']);
    const replaced = override('s', { set: { limitUsd: null, mode: 'track' } });
    expect(budgets({ budgetOverrides: [replaced] })).toEqual(['acme/user:alice/credit: no limit']);
  });

  it('counts from its first to before its last instant', () => {
    const dated = override(
      'o',
      { alter: { limitUsd: '9.00' } },
      { from: '2026-11-10', until: '2026-11-20' },
    );
    const on = (iso: string) => budgets({ budgetOverrides: [dated] }, 'user:alice', at(iso))[0];
    expect(on('2026-11-09T23:59:59.999Z')).toContain(': 5');
    expect(on('2026-11-10T00:00:00.000Z')).toContain(': 9');
    expect(on('2026-11-19T23:59:59.999Z')).toContain(': 9');
    expect(on('2026-11-20T00:00:00.000Z')).toContain(': 5');
  });

  it('counts alone, of several in force the one that began last', () => {
    const forever = override('b', { alter: { limitUsd: '7.00', mode: 'track' } });
    const later = override('a', { alter: { limitUsd: '8.00' } }, { from: '2026-11-11' });
    const latest = override('c', { alter: { limitUsd: '9.00' } }, { from: '2026-11-12' });
    const notYet = override('d', { alter: { limitUsd: '10.00' } }, { from: '2026-11-13' });
    const set = policies({ budgetOverrides: [later, notYet, latest, forever] });
    const [budget] = resolve(set, caller('user:alice'), NOON).budgets;
    expect(budget?.terms).toMatchObject({ limit: usd('9.00'), mode: { kind: 'strict' } });
    expect(budget?.why.map(({ source, verdict }) => `${source} ${verdict}`)).toEqual([
      'defaults won',
      'b lost',
      'a lost',
      'c altered',
      'd idle',
    ]);
  });

  it('that alters a rule which is not there does nothing, and is said to', () => {
    const set = policies({
      budgetOverrides: [override('o', { alter: { limitUsd: null } }, { budget: 'typo' })],
    });
    expect(resolve(set, caller('user:alice'), NOON).budgets).toHaveLength(1);
  });
});

describe('a grant', () => {
  it('adds to the limit in every period that it touches, from its first day to the period’s end', () => {
    const grants = [grant('g', '10.00', { from: '2026-11-05', until: '2026-12-15' })];
    const on = (iso: string) => budgets({ grants }, 'user:alice', at(iso))[0];
    expect(on('2026-11-04T23:59:59Z')).toContain(': 5');
    expect(on('2026-11-05T00:00:00Z')).toContain(': 15');
    expect(on('2026-12-31T23:59:59Z')).toContain(': 15');
    expect(on('2027-01-01T00:00:00Z')).toContain(': 5');
  });

  it('that ends with a period does not reach into the next', () => {
    const grants = [grant('g', '10.00', { until: '2026-12-01' })];
    expect(budgets({ grants }, 'user:alice', at('2026-12-01T00:00:00Z'))[0]).toContain(': 5');
  });

  it('leaves no limit as it is, and never exceeds what an amount can be', () => {
    const grants = [grant('g', '9000000.00'), grant('h', '9000000.00')];
    expect(budgets({ grants })).toEqual([`acme/user:alice/credit: ${(2 ** 53 - 1) / 1e9}`]);
    const none = { budgets: [{ ...CREDIT_EACH, limitUsd: null }] };
    expect(budgets({ defaults: none, grants })).toEqual(['acme/user:alice/credit: no limit']);
  });

  it('counts with others in the order of use: priority, then end, then id', () => {
    const grants = [
      grant('z', '1.00', { priority: 1 }),
      grant('b', '1.00'),
      grant('a', '1.00'),
      grant('c', '1.00', { until: '2026-12-01' }),
      grant('every', '1.00', { on: { kind: 'user' }, priority: 2 }),
    ];
    const [budget] = resolve(policies({ grants }), caller('user:alice'), NOON).budgets;
    expect(budget?.grants.map(({ id }) => id)).toEqual(['c', 'a', 'b', 'z', 'every']);
    expect(budget).toMatchObject({ granted: usd('5.00'), spendable: usd('10.00') });
  });
});

describe('rate limits', () => {
  const limiter = (limit: number) => ({ algorithm: 'fixedWindow', limit });
  const rate = (limit: number, more: object) => ({
    name: 'requests',
    on: { kind: 'address' },
    counts: 'requests',
    limiter: limiter(limit),
    ...more,
  });
  it('are apart for callers who have signed in and who have not, each with a limiter of its own (C2)', () => {
    const set = policies({
      defaults: {
        budgets: [CREDIT_EACH],
        rates: [rate(5_000, {}), rate(60, { class: 'anonymous' })],
      },
    });
    const of = (principal: 'authenticated' | 'anonymous') =>
      resolve(set, caller('address:192.0.2.1', principal), NOON).rates;
    expect(of('anonymous')).toMatchObject([
      { limiter: 'anonymous:requests', terms: { limiter: { limit: 60 } } },
    ]);
    expect(of('authenticated')).toMatchObject([
      { limiter: 'authenticated:requests', terms: { limiter: { limit: 5_000 } } },
    ]);
  });

  it('are changed by overrides like budgets, and switch their algorithm by configuration (C14)', () => {
    const set = policies({
      defaults: { budgets: [CREDIT_EACH], rates: [rate(10, { on: { kind: 'user' } })] },
      rateOverrides: [
        {
          id: 'o',
          tenant: 'acme',
          on: { kind: 'user', name: 'alice' },
          rate: 'requests',
          change: { alter: { limiter: { algorithm: 'slidingWindowLog', limit: 9 } } },
        },
      ],
    });
    const [alice] = resolve(set, caller('user:alice'), NOON).rates;
    expect(alice?.terms).toEqual({
      counts: 'requests',
      limiter: { algorithm: 'slidingWindowLog', limit: 9 },
    });
    expect(resolve(set, caller('user:bob'), NOON).rates[0]?.terms.limiter.limit).toBe(10);
  });
});

describe('resolution', () => {
  it('counts a scope that comes twice once, and answers in one order', () => {
    const set = policies({});
    const once = resolve(set, caller('user:b user:a'), NOON);
    const twice = resolve(set, caller('user:a user:b user:a'), NOON);
    expect(twice).toEqual(once);
    expect(once.budgets.map(({ scope }) => scope.name)).toEqual(['a', 'b']);
    expect(once).toMatchObject({ tenant: ACME, version: 1 });
  });

  it.each([
    ['user:', 'id_invalid', 'user'],
    ['user:__proto__', 'id_invalid', 'user'],
    ['User:a', 'id_invalid', 'scopes.kind'],
    ['a/b:c', 'id_invalid', 'scopes.kind'],
  ])('refuses %j as a scope, with the field', (scopes, code, field) => {
    expect(() => resolve(policies({}), caller(scopes), NOON)).toThrow(
      expect.objectContaining({ code, field }),
    );
  });

  it('refuses more scopes than one call can have', () => {
    const many = Array.from({ length: 33 }, (_, index) => `team:t${index}`).join(' ');
    expect(() => resolve(policies({}), caller(many), NOON)).toThrow('scopes must be at most 32');
  });
});
