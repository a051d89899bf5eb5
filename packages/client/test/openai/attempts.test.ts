/** Each attempt of an SDK is a call to a model, with a reservation of its own. */
import { expect, test } from 'vitest';
import { MODEL, openWorld, prompt } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 50 };
const QUICKLY = { 'x-provider-retry-after': '0' };

test('F21: a failed attempt is released, the next one settled', async () => {
  await using world = await openWorld('in-process');
  await world.openai({}, { maxRetries: 2 }).chat.completions.create(chat, {
    headers: { ...QUICKLY, 'x-provider-status': '500,200' },
  });
  const booked = await world.booked();
  expect(booked.map(({ kind }) => kind)).toEqual(['release', 'settle']);
  expect(world.provider.calls).toHaveLength(2);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('attempts that all fail leave nothing booked and nothing set aside', async () => {
  await using world = await openWorld('in-process');
  const answer = world.openai({}, { maxRetries: 2 }).chat.completions.create(chat, {
    headers: { ...QUICKLY, 'x-provider-status': '503' },
  });
  await expect(answer).rejects.toMatchObject({ status: 503 });
  expect((await world.booked()).map(({ kind }) => kind)).toEqual(['release', 'release', 'release']);
  expect((await world.bursar.usage.current({ user: 'alice' })).settledUsd).toBe('0.00');
});

test('the provider’s own refusal reaches the caller as it is', async () => {
  await using world = await openWorld('in-process');
  const answer = world
    .openai()
    .chat.completions.create(chat, { headers: { ...QUICKLY, 'x-provider-status': '429' } });
  await expect(answer).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
});

test('an attempt that times out is settled as estimated, and the retry as reported', async () => {
  await using world = await openWorld('in-process');
  // Long enough for both attempts to reach the provider on a busy machine.
  const openai = world.openai({}, { maxRetries: 1, timeout: 1_000 });
  // The second attempt is as slow, so that both are given up.
  const answer = openai.chat.completions.create(chat, {
    headers: { 'x-provider-delay-ms': '60000' },
  });
  await expect(answer).rejects.toThrow('timed out');
  expect(await world.booked()).toMatchObject([{ basis: 'estimated' }, { basis: 'estimated' }]);
  expect(world.provider.calls).toHaveLength(2);
});
