/** Rate limits of the policies, as a caller of the service meets them. */
import type { Json } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { idOf, openTestService } from '../support/test-service.ts';

const MINUTE = 60_000;
const NO_LIMIT = { name: 'credit', on: { kind: 'user' }, limitUsd: null };

async function openWith(defaults: Json) {
  const opened = openTestService();
  const bursar = opened.as();
  await bursar.policies.put({ expectedVersion: 0, document: { version: 1, defaults } as never });
  let number = 0;
  /** The next call of `user`. */
  const reserve = (
    user: string,
    more: {
      inputTokens?: number;
      outputTokensMax?: number;
      anonymous?: boolean;
      team?: string;
    } = {},
  ) => {
    const { inputTokens = 10, outputTokensMax = 10, anonymous, team } = more;
    number += 1;
    return bursar.meter.reserve({
      reservation: idOf(number),
      user,
      model: 'test-model',
      estimate: { inputTokens, outputTokensMax },
      ...(anonymous === undefined ? {} : { anonymous }),
      ...(team === undefined ? {} : { scopes: { team } }),
    });
  };
  return { ...opened, bursar, reserve };
}

const fixed = (counts: string, limit: number, more: object = {}) => ({
  name: 'pace',
  on: { kind: 'user' },
  counts,
  limiter: { algorithm: 'fixed-window', limit, windowMs: MINUTE },
  ...more,
});

describe('a rate limit', () => {
  it('is shown as it stands, the tightest first, and refuses with the time to wait; nothing is set aside then', async () => {
    const { reserve, time, bursar } = await openWith({
      budgets: [NO_LIMIT],
      rates: [fixed('requests', 2), fixed('totalTokens', 1_000, { name: 'tokens' })],
    } as Json);
    expect(await reserve('alice')).toMatchObject({
      decision: 'allowed',
      rates: [
        { name: 'pace', counts: 'requests', limit: 2, used: 1, remaining: 1 },
        { name: 'tokens', counts: 'totalTokens', limit: 1_000, used: 20, remaining: 980 },
      ],
    });
    await reserve('alice');
    const denied = await reserve('alice');
    expect(denied).toMatchObject({
      decision: 'denied',
      reason: 'rate_limited',
      budgets: [],
      rates: [{ name: 'pace', scope: { kind: 'user', name: 'alice' }, limit: 2, remaining: 0 }],
    });
    const { retryAfterMs } = denied as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ reservedUsd: '0.00006' });
    // The refused call took nothing from the other rate, and another user has limits of their own.
    await time.advance(retryAfterMs);
    expect(await reserve('alice')).toMatchObject({ rates: [{ used: 1 }, { used: 20 }] });
    expect(await reserve('bob')).toMatchObject({ rates: [{ used: 1 }, { used: 20 }] });
  });

  it('takes what a call turns out to use, more or less than was expected, once', async () => {
    const { reserve, bursar } = await openWith({
      budgets: [NO_LIMIT],
      rates: [fixed('totalTokens', 100)],
    } as Json);
    const settle = (number: number, outputTokens: number) =>
      bursar.meter.settle({ reservation: idOf(number), usage: { inputTokens: 10, outputTokens } });
    expect(await reserve('alice', { outputTokensMax: 90 })).toMatchObject({
      rates: [{ used: 100 }],
    });
    await settle(1, 20);
    await settle(1, 20);
    expect(await reserve('alice', { outputTokensMax: 10 })).toMatchObject({
      rates: [{ used: 50 }],
    });
    // One that reports more than fits takes it all the same, and later ones wait.
    await settle(2, 90);
    expect(await reserve('alice', { outputTokensMax: 10 })).toMatchObject({
      reason: 'rate_limited',
      rates: [{ used: 130, remaining: 0 }],
    });
  });

  it('of output takes what the call may produce, and at its end what it did', async () => {
    const { reserve, bursar } = await openWith({
      budgets: [NO_LIMIT],
      rates: [fixed('outputTokens', 100)],
    } as Json);
    const long = { inputTokens: 5_000, outputTokensMax: 90 };
    expect(await reserve('alice', long)).toMatchObject({ rates: [{ used: 90, remaining: 10 }] });
    expect(await reserve('alice', long)).toMatchObject({
      reason: 'rate_limited',
      outputTokensThatFit: 10,
      rates: [{ counts: 'outputTokens', remaining: 10 }],
    });
    const usage = { inputTokens: 5_000, outputTokens: 7 };
    await bursar.meter.settle({ reservation: idOf(1), usage });
    expect(await reserve('alice', long)).toMatchObject({ rates: [{ used: 97 }] });
  });

  it('C16: of units takes nothing before the call, and at its end what was reported, once, more than is left if need be', async () => {
    const { reserve, bursar } = await openWith({
      budgets: [NO_LIMIT],
      rates: [fixed('units', 25)],
    } as Json);
    const settle = (number: number, units?: number, final = true) =>
      bursar.meter.settle({
        reservation: idOf(number),
        costUsd: '0.01',
        final,
        ...(units === undefined ? {} : { units }),
      });
    expect(await reserve('alice')).toMatchObject({ rates: [{ used: 0, remaining: 25 }] });
    await settle(1, 10);
    // The same once more, and another number for a call that has ended.
    await settle(1, 10);
    await settle(1, 20);
    expect(await reserve('alice')).toMatchObject({ rates: [{ used: 10, remaining: 15 }] });
    // Of a call that goes on nothing is taken yet, and its last word counts in whole.
    await settle(2, 3, false);
    expect(await reserve('alice')).toMatchObject({ rates: [{ used: 10 }] });
    await settle(2, 14);
    // One that reports nothing takes nothing, nor does one that did not take place.
    await settle(3);
    expect(await reserve('alice')).toMatchObject({ rates: [{ used: 24, remaining: 1 }] });
    await bursar.meter.release({ reservation: idOf(4) });
    // What is left is one unit, so the next call is let through, whatever it turns out to use.
    expect(await reserve('alice')).toMatchObject({ rates: [{ used: 24 }] });
    await settle(5, Number.MAX_SAFE_INTEGER);
    const denied = await reserve('alice');
    expect(denied).toMatchObject({
      reason: 'rate_limited',
      rates: [{ name: 'pace', counts: 'units', limit: 25, remaining: 0 }],
      message: expect.stringContaining('0 of 25 units remain'),
    });
    expect((denied as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
    expect(await reserve('bob')).toMatchObject({ rates: [{ used: 0 }] });
  });

  it('of units refuses a report that is no whole number from 0 to 2^53 − 1', async () => {
    const { reserve, bursar } = await openWith({
      budgets: [NO_LIMIT],
      rates: [fixed('units', 25)],
    } as Json);
    await reserve('alice');
    for (const units of [-1, 0.5, 2 ** 53, Number.NaN]) {
      await expect(
        bursar.meter.settle({ reservation: idOf(1), costUsd: '0', units }),
      ).rejects.toThrow(/units/);
    }
    expect(
      await bursar.meter.settle({ reservation: idOf(1), costUsd: '0', units: 0 }),
    ).toMatchObject({ outcome: 'settled', replayed: false });
  });

  it('holds for anonymous callers apart from those who are known', async () => {
    const { reserve } = await openWith({
      budgets: [NO_LIMIT],
      rates: [fixed('requests', 3), fixed('requests', 1, { class: 'anonymous' })],
    } as Json);
    const guest = { anonymous: true };
    expect(await reserve('203.0.113.7', guest)).toMatchObject({
      rates: [{ limit: 1, remaining: 0 }],
    });
    expect(await reserve('203.0.113.7', guest)).toMatchObject({ reason: 'rate_limited' });
    expect(await reserve('203.0.113.7')).toMatchObject({ rates: [{ limit: 3, remaining: 2 }] });
  });

  it('frees a slot when the call ends, however it ends', async () => {
    const { reserve, bursar, time } = await openWith({
      budgets: [NO_LIMIT],
      rates: [fixed('requests', 2, { limiter: { algorithm: 'concurrency', limit: 2 } })],
    } as Json);
    await reserve('alice');
    await reserve('alice');
    expect(await reserve('alice')).toMatchObject({ reason: 'rate_limited', rates: [{ used: 2 }] });
    await bursar.meter.release({ reservation: idOf(1) });
    expect(await reserve('alice')).toMatchObject({ decision: 'allowed' });
    await bursar.meter.settle({ reservation: idOf(2), costUsd: '0.01' });
    expect(await reserve('alice')).toMatchObject({ decision: 'allowed' });
    await time.advance(600_000);
    expect(await reserve('alice')).toMatchObject({ rates: [{ used: 1 }] });
  });
});

describe('a ceiling on one user’s share of a budget', () => {
  const SHARED = {
    budgets: [
      NO_LIMIT,
      { name: 'pool', on: { kind: 'team' }, limitUsd: '2000.00', sharePercentMax: 10 },
    ],
  };

  it('F10: one who asks for the maximum thirty times leaves room for the others, and what they hold is not spent', async () => {
    const { reserve, bursar } = await openWith(SHARED as Json);
    // $200 each: 100 million tokens of output at $2 a million.
    const huge = { inputTokens: 0, outputTokensMax: 100_000_000, team: 'research' };
    const answers = [];
    for (let call = 0; call < 30; call += 1) answers.push(await reserve('greedy', huge));
    expect(answers.filter(({ decision }) => decision === 'allowed')).toHaveLength(1);
    expect(answers.at(-1)).toMatchObject({
      reason: 'share_exceeded',
      heldByCallerUsd: '200.00',
      shareMaxUsd: '200.00',
      missingUsd: '200.00',
      budget: {
        scope: { kind: 'team', name: 'research' },
        reservedUsd: '200.00',
        settledUsd: '0.00',
      },
    });
    expect(await reserve('modest', { team: 'research' })).toMatchObject({ decision: 'allowed' });
    // What costs nothing keeps nothing from anybody.
    const free = { inputTokens: 0, outputTokensMax: 0, team: 'research' };
    expect(await reserve('greedy', free)).toMatchObject({ decision: 'allowed' });
    await bursar.meter.release({ reservation: idOf(1) });
    expect(await reserve('greedy', huge)).toMatchObject({ decision: 'allowed' });
  });
});
