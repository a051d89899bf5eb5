/** Denials: the data about every budget that lacks room. */
import {
  type Account,
  accountId,
  type Amount,
  budgetId,
  type Counted,
  type DurationMs,
  type InstantMs,
  limiterId,
  MONTHLY_UTC,
  openAccount,
  parseUsd,
  type Period,
  periodAt,
  type RateAnswer,
  tenantId,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { denialOf } from '../../src/service/denial.ts';
import type { CallRate } from '../../src/service/call-rates.ts';
import { modeView, directMode } from '../../src/modes/mode.ts';
import { ManualTime } from '../support/manual-time.ts';

const time = new ManualTime();
const MODE = modeView(directMode(time).mode());
const TENANT = tenantId('acme');
const DAY: Period = periodAt({ every: 'day', zone: 'UTC' }, time.nowMs());
const MONTH: Period = periodAt(MONTHLY_UTC, time.nowMs());

function account(name: string, period: Period, limitUsd: string, settledUsd: string): Account {
  const id = accountId(budgetId(TENANT, { kind: 'team', name: 'a' }, name), period);
  return { ...openAccount(id, period, parseUsd(limitUsd)), settled: parseUsd(settledUsd) };
}

/** Refused for `neededUsd` by those of `accounts` that lack room. */
function refuse(neededUsd: string, ...accounts: readonly Account[]) {
  const needed = parseUsd(neededUsd);
  const shortfalls = accounts.flatMap((each) => {
    const missing = needed - Math.max(0, (each.limit ?? Infinity) - each.settled);
    return missing > 0 ? [{ account: each.id, missing: missing as Amount }] : [];
  });
  return denialOf(
    { outcome: 'denied', shortfalls, accounts },
    { needed, alreadyHeld: parseUsd('0'), bounds: undefined },
    MODE,
  );
}

const named = (budget: string, missingUsd: string, fitsAgainAt: string | null) => ({
  budget: expect.objectContaining({ budget }),
  missingUsd,
  fitsAgainAt,
});
const TOMORROW = '2026-11-16T00:00:00.000Z';
const DECEMBER = '2026-12-01T00:00:00.000Z';

describe('a denial of several budgets', () => {
  it('names every one that lacks room and none that does not, and when the last of them fits again', () => {
    const denied = refuse(
      '0.50',
      account('daily', DAY, '1', '0.90'),
      account('monthly', MONTH, '10', '9.70'),
      account('wide', MONTH, '100', '0'),
    );
    expect(denied).toMatchObject({
      reason: 'budget_exhausted',
      budget: { budget: 'daily' },
      missingUsd: '0.40',
      budgets: [named('daily', '0.40', TOMORROW), named('monthly', '0.20', DECEMBER)],
      fitsAgainAt: DECEMBER,
    });
  });

  it('puts the limit first that the call is more than, however little it lacks', () => {
    const denied = refuse(
      '0.50',
      account('daily', DAY, '1', '0.90'),
      account('small', MONTH, '0.45', '0'),
    );
    expect(denied).toMatchObject({
      reason: 'limit_too_small',
      budget: { budget: 'small' },
      missingUsd: '0.05',
      budgets: [named('small', '0.05', null), named('daily', '0.40', TOMORROW)],
      fitsAgainAt: null,
    });
  });

  it('promises no period to a budget that has no next one, beside one that has', () => {
    const lifetime = periodAt({ every: 'lifetime' }, time.nowMs());
    for (const accounts of [
      [account('forever', lifetime, '1', '0.90'), account('daily', DAY, '1', '0.80')],
      [account('forever', lifetime, '1', '0.80'), account('daily', DAY, '1', '0.90')],
    ]) {
      const denied = refuse('0.50', ...accounts);
      expect(denied).toMatchObject({ reason: 'budget_exhausted', fitsAgainAt: null });
      expect(denied.budgets).toContainEqual(named('daily', expect.any(String), TOMORROW));
      expect(denied.budgets).toContainEqual(named('forever', expect.any(String), null));
    }
  });
});

describe('a denial by rates', () => {
  const NOW = time.nowMs();
  const price = {
    provider: 'test',
    model: 'test-model',
    version: 'v1',
    nanoUsdPerMillion: { inputTokens: 1_000_000_000, outputTokens: 2_000_000_000 },
  } as const;
  const bounds = { price, inputTokens: 100, outputTokensMax: 5_000 };
  const rate = (name: string, counts: Counted): CallRate => ({
    limiter: limiterId(TENANT, { kind: 'user', name: 'alice' }, name),
    scope: { kind: 'user', name: 'alice' },
    name,
    counts,
    policy: { algorithm: 'fixed-window', limit: 1_000, windowMs: 60_000 as DurationMs },
  });
  const answer = ({ limiter }: CallRate, waitMs: number | null, remaining = 0): RateAnswer => ({
    limiter,
    admits: waitMs === 0,
    view: {
      limit: 1_000,
      used: 1_000 - remaining,
      remaining,
      resetAtMs: (NOW + 60_000) as InstantMs,
      retryAtMs: waitMs === null ? null : ((NOW + waitMs) as InstantMs),
    },
  });
  const requests = rate('burst', 'requests');
  const tokens = rate('tokens', 'totalTokens');
  const output = rate('output', 'outputTokens');
  const units = rate('units', 'units');
  const unlimited = { ...account('free', MONTH, '1', '0'), limit: null };

  function refuseBy(rates: readonly RateAnswer[], accounts: readonly Account[] = [unlimited]) {
    return denialOf(
      { outcome: 'denied', shortfalls: [], accounts, rates },
      {
        needed: parseUsd('0.0101'),
        alreadyHeld: parseUsd('0'),
        bounds,
        rates: { asked: [requests, tokens, output, units], nowMs: NOW },
      },
      MODE,
    );
  }

  it('names those that do not admit the call, the one that takes longest first, and when to try again', () => {
    expect(refuseBy([answer(tokens, 250, 400), answer(requests, 1_500)])).toMatchObject({
      reason: 'rate_limited',
      rates: [
        { name: 'burst', counts: 'requests', retryAt: '2026-11-15T12:00:01.500Z' },
        { name: 'tokens', counts: 'totalTokens', limit: 1_000, used: 600, remaining: 400 },
      ],
      retryAfterMs: 1_500,
      budgets: [],
      outputTokensThatFit: null,
    });
    const denied = refuseBy([answer(tokens, 0, 900), answer(requests, 20)]);
    expect(denied).toMatchObject({ rates: [{ name: 'burst' }], retryAfterMs: 20 });
    expect(denied.reason === 'rate_limited' && denied.rates).toHaveLength(1);
  });

  it('says that a call never fits that is more than a whole rate, however soon the others have room', () => {
    expect(refuseBy([answer(requests, 10), answer(tokens, null)])).toMatchObject({
      rates: [{ name: 'tokens', retryAt: null }, { name: 'burst' }],
      retryAfterMs: null,
    });
  });

  it('names the output that fits now where only tokens are counted, and what the budgets have room for', () => {
    const few = [answer(requests, 0, 5), answer(tokens, 100, 400)];
    expect(refuseBy(few)).toMatchObject({ outputTokensThatFit: 300 });
    // $0.0004 beside the input: 200 tokens.
    const poor = account('poor', MONTH, '0.0005', '0');
    expect(refuseBy(few, [poor])).toMatchObject({ outputTokensThatFit: 200 });
    expect(refuseBy([answer(tokens, 100, 100)])).toMatchObject({ outputTokensThatFit: null });
    // Of a rate of output the input takes nothing.
    expect(refuseBy([answer(output, 100, 250)])).toMatchObject({ outputTokensThatFit: 250 });
    expect(refuseBy([...few, answer(output, 100, 250)])).toMatchObject({
      outputTokensThatFit: 250,
    });
    expect(refuseBy([...few, answer(units, 100)])).toMatchObject({ outputTokensThatFit: null });
  });
});
