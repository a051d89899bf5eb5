/** Batches: many calls on one reservation, each priced in its own context tier, settled whenever they are answered. */
import type { Json } from '@bursar/core';
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';
import { expect, it } from 'vitest';
import { refusalOf } from '../support/refusal.ts';
import { idOf, openTestService } from '../support/test-service.ts';

const HOUR = 3_600_000;
const reservation = idOf(1);
// 2.50 and 15.00 a million, from 272,000 tokens of input on 5.00 and 22.50; half of it in a batch.
const CALL = { user: 'alice', model: 'gpt-5.4' };
const estimate = (calls: number, inputTokensMax: number) => ({
  inputTokens: calls * inputTokensMax,
  outputTokensMax: calls * 1_000,
  serviceTier: 'batch' as const,
  many: { calls, inputTokensMax },
});

async function openWith(rates: readonly Json[] = []) {
  const opened = openTestService({ prices: DEFAULT_PRICE_TABLE });
  const bursar = opened.as();
  const budgets = [{ name: 'credit', on: { kind: 'user' }, limitUsd: '100.00' }];
  const document = { version: 1, defaults: { budgets, rates } };
  await bursar.policies.put({ expectedVersion: 0, document: document as never });
  return { ...opened, bursar };
}

it('is set aside at the prices of its longest call, not of all its tokens together', async () => {
  const { bursar } = await openWith();
  const answer = await bursar.meter.reserve({
    reservation,
    ...CALL,
    estimate: estimate(100, 10_000),
  });
  expect(answer).toMatchObject({ decision: 'allowed', heldUsd: '2.00', outputTokensMax: null });
});

it('is settled with each call in its own context tier', async () => {
  const { bursar } = await openWith();
  await bursar.meter.reserve({ reservation, ...CALL, estimate: estimate(3, 300_000) });
  const batch = [
    { calls: 40, inputTokensMax: 10_000, usage: { inputTokens: 400_000, outputTokens: 40_000 } },
    { calls: 1, inputTokensMax: 300_000, usage: { inputTokens: 300_000, outputTokens: 2_000 } },
  ];
  const settled = await bursar.meter.settle({ reservation, batch, serviceTier: 'batch' });
  // 0.50 + 0.30, and at the prices of long contexts 0.75 + 0.0225.
  expect(settled).toMatchObject({ costUsd: '1.5725' });
  const { entries } = await bursar.usage.history({ user: 'alice' });
  expect(entries[0]?.detail).toMatchObject({
    calls: 41,
    usage: { inputTokens: 700_000, outputTokens: 42_000 },
    serviceTier: 'batch',
  });
});

it('that nobody has heard of for an hour is charged in full, until the truth comes days later', async () => {
  const { bursar, time, tier } = await openWith();
  await bursar.meter.reserve({ reservation, ...CALL, estimate: estimate(100, 10_000) });
  await bursar.meter.extend({ reservation, dispatched: true, ttlMs: HOUR });
  await time.advance(26 * HOUR);
  await tier.sweep(100);
  expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
    settledUsd: '2.00',
    reservedUsd: '0.00',
  });
  const batch = [
    { calls: 10, inputTokensMax: 9_000, usage: { inputTokens: 80_000, outputTokens: 4_000 } },
  ];
  const late = { reservation, batch, serviceTier: 'batch' } as const;
  expect(await bursar.meter.settle(late)).toMatchObject({ late: true, costUsd: '0.13' });
  expect(await bursar.meter.settle(late)).toMatchObject({ replayed: true });
  expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ settledUsd: '0.13' });
});

it('of which nothing was answered costs nothing, also after it was charged in full', async () => {
  const { bursar, time, tier } = await openWith();
  await bursar.meter.reserve({ reservation, ...CALL, estimate: estimate(100, 10_000) });
  await bursar.meter.extend({ reservation, dispatched: true, ttlMs: HOUR });
  await time.advance(2 * HOUR);
  await tier.sweep(100);
  await bursar.meter.settle({ reservation, batch: [] });
  expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ settledUsd: '0.00' });
});

it('is one request to rate limits, whatever its tokens', async () => {
  const pace = (name: string, counts: string, limit: number): Json => ({
    name,
    on: { kind: 'user' },
    counts,
    limiter: { algorithm: 'fixed-window', limit, windowMs: 60_000 },
  });
  const { bursar } = await openWith([pace('calls', 'requests', 2), pace('t', 'totalTokens', 50)]);
  const reserve = (number: number) =>
    bursar.meter.reserve({ reservation: idOf(number), ...CALL, estimate: estimate(100, 10_000) });
  expect(await reserve(1)).toMatchObject({ decision: 'allowed' });
  const batch = [
    { calls: 9, inputTokensMax: 9_000, usage: { inputTokens: 80_000, outputTokens: 4_000 } },
  ];
  await bursar.meter.settle({ reservation: idOf(1), batch });
  expect(await reserve(2)).toMatchObject({ decision: 'allowed' });
  expect(await reserve(3)).toMatchObject({ decision: 'denied', reason: 'rate_limited' });
});

it('has to say how much output it may have, and how many calls it is', async () => {
  const { bursar } = await openWith();
  const { outputTokensMax: _, ...unbounded } = estimate(2, 10);
  const refused = await refusalOf(
    bursar.meter.reserve({ reservation, ...CALL, estimate: unbounded }),
  );
  expect(refused).toMatchObject({ code: 'input_invalid', field: 'estimate.outputTokensMax' });
  expect(
    await refusalOf(bursar.meter.reserve({ reservation, ...CALL, estimate: estimate(100_001, 1) })),
  ).toMatchObject({ code: 'input_invalid', field: 'estimate.many.calls' });
  expect(
    await refusalOf(bursar.meter.settle({ reservation, batch: [], costUsd: '1.00' })),
  ).toMatchObject({ code: 'input_invalid', field: 'usage' });
});
