/** Live usage: every watcher sees the present state, then each change, until it leaves. */
import type { LiveUsage } from '@bursar/api';
import { MemoryTier, parseUsd } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { SUBSCRIPTIONS_MAX } from '../../src/live/subscription-limit.ts';
import { ManualTime, settled } from '../support/manual-time.ts';
import { refusalOf } from '../support/refusal.ts';
import { idOf, openTestService, principalOf, type TestService } from '../support/test-service.ts';

const CALL = { user: 'alice', model: 'test-model' };

/** A watcher that writes down what it sees. */
function watch(
  { service }: TestService,
  options: {
    readonly user?: string;
    readonly scope?: { readonly kind: string; readonly name: string };
    readonly budget?: string;
    readonly lastEventId?: string;
  } = {},
) {
  const seen: LiveUsage[] = [];
  const leaving = new AbortController();
  const { scope, budget = 'credit', lastEventId } = options;
  const user = options.user ?? (scope === undefined ? 'alice' : undefined);
  const ended = (async () => {
    const message = { user, scope, budget, lastEventId };
    const states = service.liveUsage(principalOf(), message, leaving.signal);
    for await (const state of states) seen.push(state);
  })();
  return { seen, ended, leave: () => leaving.abort() };
}

/** Two servers on one store, and how often the store was asked for an account. */
function twoServers() {
  const time = new ManualTime();
  const tier = new MemoryTier({ clock: time, defaultLimit: parseUsd('1.00') });
  let reads = 0;
  const account = tier.account.bind(tier);
  tier.account = async (id) => {
    reads += 1;
    return account(id);
  };
  return {
    here: openTestService({ tier, time }),
    there: openTestService({ tier, time }),
    time,
    readsSoFar: () => reads,
  };
}

describe('a watcher', () => {
  it('sees the present state first, also of a user that was never seen', async () => {
    const here = openTestService();
    const watcher = watch(here);
    await settled();
    expect(watcher.seen.map(({ budget }) => budget.reservedUsd)).toEqual(['0.00']);
    watcher.leave();
    await watcher.ended;
  });

  it('sees a change made here at once, without any time passing', async () => {
    const here = openTestService();
    const watcher = watch(here);
    await settled();
    await here.as().meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.10' });
    await settled();
    await here.as().limits.set({ user: 'alice', limitUsd: '9' });
    await settled();
    expect(watcher.seen.map(({ budget }) => [budget.reservedUsd, budget.limitUsd])).toEqual([
      ['0.00', '1.00'],
      ['0.10', '1.00'],
      ['0.10', '9.00'],
    ]);
    watcher.leave();
    await watcher.ended;
  });

  it('sees a change made by another server within a second', async () => {
    const { here, there, time } = twoServers();
    const watcher = watch(here);
    await settled();
    await there.as().meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.10' });
    await settled();
    expect(watcher.seen).toHaveLength(1);
    await time.advance(1_000);
    expect(watcher.seen.map(({ budget }) => budget.reservedUsd)).toEqual(['0.00', '0.10']);
    watcher.leave();
    await watcher.ended;
  });

  it('moves to the new account when the month ends', async () => {
    const here = openTestService({ time: new ManualTime(Date.UTC(2026, 10, 30, 23, 59, 58)) });
    const watcher = watch(here);
    await settled();
    await here.as().meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.10' });
    await here.time.advance(3_000);
    await here.as().meter.reserve({ reservation: idOf(2), ...CALL, amountUsd: '0.20' });
    await settled();
    expect(watcher.seen.map(({ budget }) => [budget.period, budget.reservedUsd])).toEqual([
      ['2026-11', '0.00'],
      ['2026-11', '0.10'],
      ['2026-12', '0.00'],
      ['2026-12', '0.20'],
    ]);
    watcher.leave();
    await watcher.ended;
  });

  it('keeps watching through a failing store, and sees what happened when it is back', async () => {
    const { here, there, time } = twoServers();
    const watcher = watch(here);
    await settled();
    const account = here.tier.account.bind(here.tier);
    here.tier.account = async () => {
      throw new Error('the store is away');
    };
    await there.as().meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.10' });
    await time.advance(3_000);
    expect(watcher.seen).toHaveLength(1);
    here.tier.account = account;
    await time.advance(1_000);
    expect(watcher.seen.map(({ budget }) => budget.reservedUsd)).toEqual(['0.00', '0.10']);
    watcher.leave();
    await watcher.ended;
  });

  it('that comes back with the id of the last state is not sent it again, and is sent any other', async () => {
    const here = openTestService();
    const first = watch(here);
    await settled();
    const lastEventId = first.seen[0]?.id ?? '';
    expect(lastEventId.length).toBeLessThanOrEqual(64);
    first.leave();
    await first.ended;

    const unchanged = watch(here, { lastEventId });
    await settled();
    expect(unchanged.seen).toEqual([]);
    await here.as().meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.10' });
    await settled();
    expect(unchanged.seen.map(({ budget }) => budget.reservedUsd)).toEqual(['0.10']);
    unchanged.leave();

    const changed = watch(here, { lastEventId });
    await settled();
    expect(changed.seen.map(({ budget }) => budget.reservedUsd)).toEqual(['0.10']);
    changed.leave();
    await Promise.all([unchanged.ended, changed.ended]);
  });
});

describe('the store', () => {
  it('is asked once a second for a watched account however many watch it, and never when nobody does', async () => {
    const { here, time, readsSoFar } = twoServers();
    const watchers = Array.from({ length: 10 }, () => watch(here));
    await settled();
    const joined = readsSoFar();
    await time.advance(5_000);
    expect(readsSoFar() - joined).toBe(5);
    for (const { leave } of watchers) leave();
    await Promise.all(watchers.map(({ ended }) => ended));
    await time.advance(5_000);
    expect(readsSoFar() - joined).toBe(5);
    expect(time.waiting).toBe(0);
  });
});

describe('subscriptions', () => {
  it('are bounded for each token; one more is refused until another ends', async () => {
    const here = openTestService();
    const watchers = Array.from({ length: SUBSCRIPTIONS_MAX }, () => watch(here));
    await settled();
    expect(await refusalOf(watch(here).ended)).toMatchObject({ code: 'too_many_requests' });
    watchers[0]?.leave();
    await watchers[0]?.ended;
    const next = watch(here);
    await settled();
    expect(next.seen).toHaveLength(1);
    for (const { leave } of [...watchers, next]) leave();
    await Promise.all([...watchers, next].map(({ ended }) => ended));
  });

  it('end when the service closes', async () => {
    const here = openTestService();
    const watcher = watch(here);
    await settled();
    here.service.close();
    await watcher.ended;
    expect(here.time.waiting).toBe(0);
  });
});
