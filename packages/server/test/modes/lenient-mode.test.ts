/** The mode of a server that lets calls through: what it says, and what it says may be overspent. */
import type { Amount, InstantMs } from '@bursar/core';
import { expect, it } from 'vitest';
import {
  hybridMode,
  lenientMode,
  type LenientSource,
  modeView,
  type StoreHealth,
} from '../../src/modes/mode.ts';
import { ManualTime } from '../support/manual-time.ts';

const time = new ManualTime();
const allowance = 2_000_000_000 as Amount;

function modeOf(health: Omit<StoreHealth, 'redisUnfit'>, outage: LenientSource['outage']) {
  const usual = hybridMode(time, () => ({ ...health, redisUnfit: null }));
  return modeView(lenientMode(() => usual, { allowance, outage }).mode());
}

it('is the usual one, with nothing to overspend, while a store decides', () => {
  for (const [isRedisOpen, isDatabaseUp, mode] of [
    [true, true, 'hybrid'],
    [false, true, 'redis-down'],
    [true, false, 'db-down'],
  ] as const) {
    expect(modeOf({ isRedisOpen, isDatabaseUp }, undefined)).toMatchObject({
      mode,
      worstOverspendUsd: '0.00',
    });
  }
});

it('is lenient instead of closed, also before the first call finds out', () => {
  expect(modeOf({ isRedisOpen: false, isDatabaseUp: false }, undefined)).toMatchObject({
    mode: 'lenient',
    worstOverspendUsd: '2.00',
    reason: expect.stringContaining('$0.00 of its $2.00'),
  });
});

it('says since when, how much of the allowance is used, and that it is ending', () => {
  const outage = { sinceMs: 60_000 as InstantMs, used: 500_000_000 as Amount, isEnding: false };
  const health = { isRedisOpen: true, isDatabaseUp: true };
  expect(modeOf(health, outage)).toEqual({
    mode: 'lenient',
    since: '1970-01-01T00:01:00.000Z',
    worstOverspendUsd: '2.00',
    reason:
      'No store answers; this server lets calls through and books them later. $0.50 of its $2.00 is used.',
  });
  expect(modeOf(health, { ...outage, isEnding: true })).toMatchObject({
    mode: 'lenient',
    worstOverspendUsd: '2.00',
    reason: 'The stores answer again; what was let through is being booked.',
  });
});
