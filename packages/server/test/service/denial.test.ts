/** Denials: the data about every budget that lacks room. */
import {
  type Account,
  accountId,
  type Amount,
  budgetId,
  MONTHLY_UTC,
  openAccount,
  parseUsd,
  type Period,
  periodAt,
  tenantId,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { denialOf } from '../../src/service/denial.ts';
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
