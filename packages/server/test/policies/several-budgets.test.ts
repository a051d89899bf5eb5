/** What the policies say, on every kind of store, with two servers over the same books. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  budget,
  call,
  type Kind,
  KINDS,
  nextId,
  type PolicyServers,
  startPolicyServers,
  THURSDAY,
  until,
} from './policy-servers.ts';

const SCOPES = {
  org: 'acme',
  team: 'growth',
  key: 'k1',
  feature: 'chat',
  session: 's1',
  desk: 'd1',
};
const BURST = 200;

describe.each(KINDS)('policies on %s', (kind: Kind) => {
  let shared: PolicyServers;
  let tenant: string;
  beforeAll(async () => {
    shared = await startPolicyServers(kind);
  }, 120_000);
  afterAll(() => shared.stop());
  beforeEach(() => {
    shared.clock.atMs = THURSDAY;
    tenant = shared.freshTenant();
  });

  const spend = async (server: 0 | 1, usd: string, over: Parameters<typeof call>[1] = {}) => {
    const message = call(usd, over);
    const decided = await shared.as(server).meter.reserve(message);
    if (decided.decision === 'allowed') {
      await shared.as(server).meter.settle({ reservation: message.reservation, costUsd: usd });
    }
    return decided.decision;
  };
  const shownOf = (server: 0 | 1, scope: string, name: string, budgetName = 'credit') =>
    shared.as(server).usage.current({ scope: { kind: scope, name }, budget: budgetName });

  it('changes nothing for who has put none: a monthly credit of the default for each user', async () => {
    if (kind !== 'memory' && (await shared.as(0).policies.get()).version > 0) return;
    const { version, document, history } = await shared.as(0).policies.get();
    expect({ version, history }).toEqual({ version: 0, history: [] });
    expect(document).toMatchObject({
      defaults: { budgets: [{ name: 'credit', limitUsd: '1.00' }] },
    });
    expect(await spend(1, '1.00')).toBe('allowed');
    expect(await spend(0, '0.01')).toBe('denied');
  });

  it.each([...Object.entries(SCOPES), ['user', 'alice'], ['model', 'test-model']] as const)(
    'F07: on the scope %s zero is a limit, null is none, and what is absent leaves the others',
    async (scope, name) => {
      const given = scope === 'user' || scope === 'model' ? {} : { scopes: { [scope]: name } };
      const always = { scopeKinds: ['desk'] };
      const others = scope === 'user' ? [] : [budget('user', '5.00')];
      const withLimit = (limitUsd: string | null) => ({
        ...always,
        defaults: { budgets: [...others, budget(scope, limitUsd)] },
      });
      await shared.put(withLimit('0'));
      expect(await spend(0, '0.01', given)).toBe('denied');
      expect(await spend(1, '0', given)).toBe('allowed');
      expect(await shownOf(1, scope, name)).toMatchObject({
        limitUsd: '0.00',
        availableUsd: '0.00',
      });
      await shared.put(withLimit('0.0'));
      expect(await spend(1, '0.000000001', given)).toBe('denied');
      await shared.put(withLimit(null));
      expect(await spend(1, '0.01', given)).toBe('allowed');
      expect(await spend(0, '0.01', given)).toBe('allowed');
      expect(await shownOf(0, scope, name)).toMatchObject({
        limitUsd: null,
        availableUsd: null,
        settledUsd: '0.02',
      });
      await shared.put({ ...always, defaults: { budgets: [budget('user', '5.00')] } });
      expect(await spend(0, '4.00', { ...given, user: 'bob' })).toBe('allowed');
      expect(await spend(1, '1.01', { ...given, user: 'bob' })).toBe('denied');
    },
    60_000,
  );

  it(`charges five budgets or none: exact under ${BURST} calls at once on two servers, and over on none`, async () => {
    await shared.put({
      defaults: {
        budgets: [
          budget('org', '1.30'),
          budget('team', '0.80'),
          budget('user', '0.40'),
          budget('key', '0.70'),
          budget('model', '1.20'),
        ],
      },
    });
    const USERS = 8;
    const charged = new Map<string, number>();
    const scopesOf = (index: number) => ({
      user: `user-${index % USERS}`,
      scopes: { org: 'acme', team: `team-${index % 2}`, key: `key-${index % 3}` },
    });
    const accountsOf = (index: number): [string, string][] => {
      const { user, scopes } = scopesOf(index);
      return [['user', user], ['model', 'test-model'], ...Object.entries(scopes)] as never;
    };
    const one = async (index: number): Promise<void> => {
      const server = (index % 2) as 0 | 1;
      const message = call('0.01', scopesOf(index));
      const decided = await shared.as(server).meter.reserve(message);
      if (decided.decision === 'denied') return;
      expect(decided.budgets.map(({ scope }) => scope.kind).toSorted()).toEqual([
        'key',
        'model',
        'org',
        'team',
        'user',
      ]);
      const { reservation } = message;
      // Ended on the other server, and one in ten is not made after all.
      const other = shared.as(server === 0 ? 1 : 0);
      if (index % 10 === 9) await other.meter.release({ reservation });
      else {
        await other.meter.settle({ reservation, costUsd: '0.01' });
        for (const [scope, name] of accountsOf(index)) {
          const key = `${scope}:${name}`;
          charged.set(key, (charged.get(key) ?? 0) + 1);
        }
      }
    };
    await Promise.all(Array.from({ length: BURST }, (_, index) => one(index)));
    const full = new Set<string>();
    for (const key of charged.keys()) {
      const [scope = '', name = ''] = key.split(':');
      const shown = await shownOf(0, scope, name);
      expect(shown).toMatchObject({ settledUsd: usd(charged.get(key) ?? 0), reservedUsd: '0.00' });
      expect(Number(shown.availableUsd)).toBeGreaterThanOrEqual(0);
      if (shown.availableUsd === '0.00') full.add(key);
    }
    // Whoever is refused now is refused because one of their budgets is full.
    for (let index = 0; index < 24; index += 1) {
      while ((await spend((index % 2) as 0 | 1, '0.01', scopesOf(index))) === 'allowed') {
        for (const [scope, name] of accountsOf(index)) {
          const { availableUsd } = await shownOf(1, scope, name);
          if (availableUsd === '0.00') full.add(`${scope}:${name}`);
        }
      }
      expect(accountsOf(index).some(([scope, name]) => full.has(`${scope}:${name}`))).toBe(true);
    }
  }, 120_000);

  it('names in a denial every budget that lacks room and no other, and what fits all of them', async () => {
    await shared.put({
      defaults: {
        budgets: [
          budget('org', '1.00'),
          budget('team', '0.80', { name: 'daily', period: { every: 'day', zone: 'UTC' } }),
          budget('user', '0.40'),
          budget('model', null),
        ],
      },
    });
    const scopes = { org: 'acme', team: 'growth' };
    const running = call('0.30', { user: 'bob', scopes });
    expect(await shared.as(0).meter.reserve(running)).toMatchObject({ decision: 'allowed' });
    expect(await spend(1, '0.35', { user: 'carol', scopes })).toBe('allowed');
    const { amountUsd: _amount, ...message } = call('0', { scopes });
    const ask = (outputTokensMax: number, server: 0 | 1, over: object = {}) =>
      shared.as(server).meter.reserve({
        ...message,
        reservation: nextId(),
        estimate: { inputTokens: 0, outputTokensMax },
        ...over,
      });
    const team = {
      budget: { scope: { kind: 'team', name: 'growth' }, budget: 'daily', availableUsd: '0.15' },
      missingUsd: '0.23',
      fitsAgainAt: '2026-11-13T00:00:00.000Z',
    };
    const org = {
      budget: { scope: { kind: 'org', name: 'acme' }, budget: 'credit', availableUsd: '0.35' },
      missingUsd: '0.03',
      fitsAgainAt: '2026-12-01T00:00:00.000Z',
    };
    for (const server of [0, 1] as const) {
      const denied = await ask(190_000, server);
      expect(denied).toMatchObject({
        reason: 'budget_exhausted',
        budget: team.budget,
        missingUsd: '0.23',
        fitsAgainAt: org.fitsAgainAt,
        outputTokensThatFit: 75_000,
        budgets: [team, org],
      });
      expect(denied.budgets).toHaveLength(2);
      // More than the user's own whole limit, which alone has nothing spent of it.
      expect(await ask(200_001, server)).toMatchObject({
        reason: 'limit_too_small',
        budget: { scope: { kind: 'user', name: 'alice' } },
        missingUsd: '0.000002',
        fitsAgainAt: null,
        budgets: [{ fitsAgainAt: null }, { missingUsd: '0.250002' }, { missingUsd: '0.050002' }],
      });
    }
    expect(await ask(200_001, 1, { clamp: {} })).toMatchObject({
      decision: 'allowed',
      outputTokensMax: 75_000,
      clamped: true,
    });
    await shared.as(1).meter.release({ reservation: running.reservation });
    expect(await shownOf(0, 'team', 'growth', 'daily')).toMatchObject({ availableUsd: '0.30' });
  });

  it('F38: lets a limit that was raised, lowered or lifted act on the next call of both servers', async () => {
    const limited = (limitUsd: string | null) => ({
      defaults: { budgets: [budget('user', limitUsd)] },
    });
    await shared.put(limited('1.00'));
    expect([await spend(0, '0.40'), await spend(1, '0.40')]).toEqual(['allowed', 'allowed']);
    const open = call('0.10');
    expect(await shared.as(1).meter.reserve(open)).toMatchObject({ decision: 'allowed' });
    await shared.put(limited('0.50'));
    expect([await spend(0, '0.01'), await spend(1, '0.01')]).toEqual(['denied', 'denied']);
    // What was open stays valid.
    const { reservation } = open;
    expect(await shared.as(0).meter.settle({ reservation, costUsd: '0.10' })).toMatchObject({
      overageUsd: '0.00',
    });
    expect(await shownOf(1, 'user', 'alice')).toMatchObject({
      settledUsd: '0.90',
      limitUsd: '0.50',
    });
    await shared.put(limited('0.92'));
    expect([await spend(1, '0.01'), await spend(0, '0.01')]).toEqual(['allowed', 'allowed']);
    expect([await spend(1, '0.01'), await spend(0, '0.01')]).toEqual(['denied', 'denied']);
    await shared.put(limited(null));
    expect([await spend(1, '50.00'), await spend(0, '50.00')]).toEqual(['allowed', 'allowed']);
  });

  it('keeps what was spent when a plan is changed', async () => {
    const plans = ['free', 'pro'].map((name, index) => ({
      name,
      budgets: [budget('user', index === 0 ? '1.00' : '10.00')],
    }));
    const onPlan = (plan: string) => ({
      defaults: { budgets: [budget('user', '0.10')] },
      plans,
      assignments: [{ tenant, scope: { kind: 'user', name: 'alice' }, plan }],
    });
    await shared.put(onPlan('free'));
    expect(await spend(0, '0.90')).toBe('allowed');
    expect(await spend(1, '0.20')).toBe('denied');
    // Nobody without a plan is without a limit (F11).
    expect(await spend(1, '0.11', { user: 'bob' })).toBe('denied');
    await shared.put(onPlan('pro'));
    expect(await spend(1, '9.10')).toBe('allowed');
    expect(await spend(0, '0.01')).toBe('denied');
    await shared.put(onPlan('free'));
    expect(await shownOf(1, 'user', 'alice')).toMatchObject({
      settledUsd: '10.00',
      availableUsd: '-9.00',
    });
  });

  it('adds what is granted from its date on, without anybody putting policies again', async () => {
    await shared.put({
      defaults: { budgets: [budget('user', '1.00')] },
      grants: [
        {
          id: 'g',
          tenant,
          on: { kind: 'user' },
          budget: 'credit',
          amountUsd: '0.50',
          from: '2026-11-13',
        },
      ],
    });
    expect(await spend(0, '1.00')).toBe('allowed');
    expect(await spend(1, '0.01')).toBe('denied');
    shared.clock.atMs = Date.UTC(2026, 10, 13);
    expect(await spend(1, '0.50')).toBe('allowed');
    expect(await spend(0, '0.01')).toBe('denied');
    expect(await shownOf(0, 'user', 'alice')).toMatchObject({
      grantedUsd: '0.50',
      availableUsd: '0.00',
    });
  });

  it('F36: admits the first call of a new window without any job having run', async () => {
    await shared.put({
      defaults: {
        budgets: [
          budget('user', '1.00', { period: { every: 'day', zone: 'America/New_York' } }),
          budget('team', '1.00', { period: { every: 'hour', zone: 'UTC' } }),
        ],
      },
    });
    const over = { scopes: { team: 'growth' } };
    expect(await spend(0, '1.00', over)).toBe('allowed');
    expect([await spend(0, '0.01', over), await spend(1, '0.01', over)]).toEqual([
      'denied',
      'denied',
    ]);
    shared.clock.atMs = THURSDAY + 3_600_000;
    // The hour is new, the day is not.
    expect(await spend(1, '0.01', over)).toBe('denied');
    expect(await spend(1, '0.30', { ...over, user: 'bob' })).toBe('allowed');
    shared.clock.atMs = Date.UTC(2026, 10, 13, 5);
    expect([await spend(1, '0.50', over), await spend(0, '0.50', over)]).toEqual([
      'allowed',
      'allowed',
    ]);
    expect(await spend(1, '0.01', over)).toBe('denied');
  });

  it('refuses nothing where a limit is only measured against, and shows it', async () => {
    await shared.put({
      defaults: { budgets: [budget('user', '5.00'), budget('team', '0.10', { mode: 'track' })] },
    });
    const over = { scopes: { team: 'growth' } };
    expect([await spend(0, '0.40', over), await spend(1, '0.40', over)]).toEqual([
      'allowed',
      'allowed',
    ]);
    expect(await shownOf(1, 'team', 'growth')).toMatchObject({
      mode: 'track',
      limitUsd: '0.10',
      settledUsd: '0.80',
      availableUsd: '-0.70',
    });
  });

  it('lets a limit of its own win over the policies, whatever they say, until it is cleared', async () => {
    await shared.put({ defaults: { budgets: [budget('user', '1.00'), budget('team', '1.00')] } });
    const over = { scopes: { team: 'growth' } };
    const team = { scope: { kind: 'team', name: 'growth' } };
    expect(await spend(0, '0.30', over)).toBe('allowed');
    await shared.as(1).limits.set({ ...team, limitUsd: '0.31' });
    expect([await spend(0, '0.02', over), await spend(1, '0.02', over)]).toEqual([
      'denied',
      'denied',
    ]);
    await shared.put({ defaults: { budgets: [budget('user', '3.00'), budget('team', '2.00')] } });
    expect([await spend(1, '0.02', over), await spend(0, '0.02', over)]).toEqual([
      'denied',
      'denied',
    ]);
    expect(await shared.as(0).limits.get(team)).toMatchObject({ limitUsd: '0.31', source: 'own' });
    expect(await shared.as(0).limits.clear(team)).toMatchObject({
      limitUsd: '2.00',
      source: 'policies',
    });
    expect([await spend(1, '1.00', over), await spend(0, '0.70', over)]).toEqual([
      'allowed',
      'allowed',
    ]);
    expect(await spend(1, '0.01', over)).toBe('denied');
  });

  it('answers a repeat from the accounts it was made on, and settles there, whatever the policies say by then', async () => {
    await shared.put({ defaults: { budgets: [budget('user', '1.00'), budget('team', '1.00')] } });
    const message = call('0.20', { scopes: { team: 'growth' } });
    await shared.as(0).meter.reserve(message);
    await shared.put({ defaults: { budgets: [budget('user', '1.00'), budget('org', '1.00')] } });
    const again = await shared.as(1).meter.reserve(message);
    expect(again).toMatchObject({ decision: 'allowed', replayed: true });
    const settled = await shared.as(1).meter.settle({
      reservation: message.reservation,
      costUsd: '0.20',
      call: { user: 'alice', model: 'test-model', scopes: { org: 'acme' } },
    });
    expect(settled.budgets.map(({ scope }) => scope.kind).toSorted()).toEqual(['team', 'user']);
    expect(await shownOf(0, 'org', 'acme')).toMatchObject({ settledUsd: '0.00' });
    expect(await shownOf(0, 'team', 'growth')).toMatchObject({ settledUsd: '0.20' });
  });

  it('refuses a set that follows another than the one in force, and one that goes back', async () => {
    const version = await shared.put({ defaults: { budgets: [budget('user', '1.00')] } });
    const document = { version: version + 1, defaults: { budgets: [budget('user', '9.00')] } };
    for (const expectedVersion of [version - 1, version + 1]) {
      await expect(shared.as(1).policies.put({ document, expectedVersion })).rejects.toMatchObject({
        code: 'policy_conflict',
        field: 'expectedVersion',
      });
    }
    await expect(
      shared.as(1).policies.put({ document: { ...document, version }, expectedVersion: version }),
    ).rejects.toMatchObject({ code: 'policy_conflict', field: 'document.version' });
    const both = await Promise.allSettled(
      ([0, 1] as const).map((server) =>
        shared
          .as(server)
          .policies.put({ document, expectedVersion: version, note: `by ${server}` }),
      ),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await until(async () => (await shared.as(1).policies.explain({})).version === version + 1);
    const { history } = await shared.as(1).policies.get();
    expect(history[0]).toMatchObject({
      version: version + 1,
      putBy: 'in-process',
      note: `by ${both.findIndex(({ status }) => status === 'fulfilled')}`,
      putAt: '2026-11-12T12:00:00.000Z',
    });
    expect(
      await shared.put({ defaults: { budgets: [budget('user', '1.00')] } }).catch(String),
    ).toMatch(/policies in force/);
    await shared.put({ defaults: { budgets: [budget('user', '1.00')] } });
  });

  it('books grants and corrections by people once, with who and why', async () => {
    await shared.put({ defaults: { budgets: [budget('user', '1.00'), budget('team', '1.00')] } });
    const team = { scope: { kind: 'team', name: 'growth' } };
    const gift = { ...team, key: 'gift-1', amountUsd: '0.50', reason: 'a good quarter' };
    expect(await shared.as(0).budgets.grant(gift)).toMatchObject({
      replayed: false,
      budget: { grantedUsd: '0.50', availableUsd: '1.50' },
    });
    expect(await shared.as(1).budgets.grant(gift)).toMatchObject({ replayed: true });
    await expect(shared.as(1).budgets.grant({ ...gift, amountUsd: '0.60' })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
      field: 'key',
    });
    expect(await spend(1, '0.80', { scopes: { team: 'growth' } })).toBe('allowed');
    const refund = { ...team, key: 'r-1', amountUsd: '-0.30', reason: 'a broken answer' };
    expect(await shared.as(0).budgets.adjust(refund)).toMatchObject({
      budget: { settledUsd: '0.50', availableUsd: '1.00' },
    });
    const { entries } = await shared.as(1).usage.history(team);
    expect(entries.map(({ kind: of, amountUsd, detail }) => [of, amountUsd, detail])).toEqual([
      ['adjust', '-0.30', { by: 'in-process', reason: 'a broken answer' }],
      ['settle', '0.80', expect.anything()],
      ['grant', '0.50', { by: 'in-process', reason: 'a good quarter' }],
    ]);
  });

  it('adds up: the audit finds nothing', async () => {
    expect(nextId()).not.toBe(nextId());
    for (const { audit } of shared.servers) {
      if (audit !== undefined) {
        expect(await audit()).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
      }
    }
  });
});

function usd(cents: number): string {
  return (cents / 100).toFixed(2);
}
