/** `bursar.meter(call, work)`: anything that costs money is reserved before and settled after. */
import { isBursarError } from '@bursar/core';
import { describe, expect, test } from 'vitest';
import { CallRefused, denialOf, isDenied } from '../src/index.ts';
import { MODEL, openWorld, REACHES } from './support/world.ts';

const call = { user: 'alice', model: MODEL, inputTokens: 100, outputTokensMax: 50 };
const usage = { inputTokens: 80, outputTokens: 20 };

describe.each(REACHES)('over %s', (reach) => {
  test('work is settled by the usage that it says, and its value handed on', async () => {
    await using world = await openWorld(reach);
    const value = await world.bursar.meter(call, async () => ({ value: 'done', usage }));
    expect(value).toBe('done');
    expect(await world.booked()).toMatchObject([{ basis: 'reported', usage }]);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test('work of a foreign price is reserved by an amount and settled by its cost', async () => {
    await using world = await openWorld(reach);
    await world.bursar.meter(
      { user: 'alice', model: 'our-own-renderer', amountUsd: '0.50' },
      async () => ({ value: 1, costUsd: '0.125', basis: 'counted' }),
    );
    expect((await world.bursar.usage.current({ user: 'alice' })).settledUsd).toBe('0.125');
    expect(await world.booked()).toMatchObject([{ basis: 'counted', model: 'our-own-renderer' }]);
  });

  test('work that does not fit is not run', async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0' });
    let runs = 0;
    const error: unknown = await world.bursar
      .meter(call, async () => {
        runs += 1;
        return { value: 1, usage };
      })
      .catch((reason: unknown) => reason);
    expect(runs).toBe(0);
    expect(error).toBeInstanceOf(CallRefused);
    expect(isDenied(error)).toBe(true);
    expect(denialOf(error)).toMatchObject({ reason: 'limit_too_small' });
  });
});

test.each([
  ['tts-1', { textCharacters: 40 }, '0.0006'],
  ['gpt-4o', { inputTokens: 10 }, '0.000025'],
])('work of %s is settled by what its model is charged by', async (model, booked, costUsd) => {
  await using world = await openWorld('in-process');
  await world.bursar.meter(
    {
      user: 'alice',
      model,
      inputTokens: 20,
      outputTokensMax: 0,
      otherUnits: { textCharacters: 100 },
    },
    async () => ({ value: 1, usage: { inputTokens: 10 }, otherUnits: { textCharacters: 40 } }),
  );
  expect(await world.booked()).toMatchObject([{ kind: 'settle', usage: booked }]);
  expect((await world.bursar.usage.current({ user: 'alice' })).settledUsd).toBe(costUsd);
});

test('work that fails gives everything back, and its error is what is thrown', async () => {
  await using world = await openWorld('in-process');
  const failure = new Error('no');
  await expect(world.bursar.meter(call, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(await world.booked()).toEqual([{ kind: 'release' }]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('work that fails after it has spent is settled by what it said', async () => {
  await using world = await openWorld('in-process');
  await expect(
    world.bursar.meter(call, async (running) => {
      running.spentSoFar({ usage: { inputTokens: 5 } });
      running.spentSoFar({ usage: { inputTokens: 10 } });
      throw new Error('half way');
    }),
  ).rejects.toThrow('half way');
  expect(await world.booked()).toMatchObject([{ usage: { inputTokens: 10 } }]);
});

test('work knows its reservation, under which it is in the ledger', async () => {
  await using world = await openWorld('in-process');
  const reservation = await world.bursar.meter(call, async (running) => ({
    value: running.reservation,
    usage,
  }));
  const { entries } = await world.bursar.usage.history({ user: 'alice' });
  expect(entries[0]?.reservation).toBe(reservation);
});

test('a price that nobody knows is an error and no denial, and options are checked', async () => {
  await using world = await openWorld('in-process');
  const work = async (): Promise<{ value: number; costUsd: string }> => ({
    value: 1,
    costUsd: '0',
  });
  const unknown = { ...call, model: 'gpt-unheard-of' };
  const error: unknown = await world.bursar.meter(unknown, work).catch((reason: unknown) => reason);
  expect(isBursarError(error) && error.code).toBe('price_unknown');
  await expect(world.bursar.meter({ ...call, ttlMs: 1 }, work)).rejects.toThrow('ttlMs');
});

test('the four commands are there as before', async () => {
  await using world = await openWorld('in-process');
  const reservation = '00000000-0000-4000-8000-000000000001';
  const decision = await world.bursar.meter.reserve({
    reservation,
    user: 'alice',
    model: MODEL,
    amountUsd: '0.01',
  });
  expect(decision.decision).toBe('allowed');
  await world.bursar.meter.release({ reservation });
});
