/** What a product is told about single calls, and that telling it cannot break one. */
import { BursarError } from '@bursar/core';
import { expect, test } from 'vitest';
import { connect } from '../../src/connect.ts';
import type { Caller } from '@bursar/api';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { MODEL, openWorld, prompt } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 50 };

test('the decision and the settlement of a call are told under its reservation', async () => {
  await using world = await openWorld('in-process');
  const told: unknown[] = [];
  const openai = world.openai({
    onDecision: (call, { decision }) => told.push([call, decision]),
    onSettled: (call, { costUsd, basis, usage }) => told.push([call, costUsd, basis, usage]),
  });
  await openai.chat.completions.create(chat, { headers: { 'x-provider-output-tokens': '12' } });
  await world.bursar.settled();
  const [entry] = (await world.bursar.usage.history({ user: 'alice' })).entries;
  const call = {
    reservation: entry?.reservation,
    user: 'alice',
    model: MODEL,
    waitedMs: 0,
  };
  expect(told).toEqual([
    [call, 'allowed'],
    [call, '0.00000795', 'reported', { inputTokens: 5, outputTokens: 12 }],
  ]);
});

test('F15: hooks that throw do no harm', async () => {
  await using world = await openWorld('in-process');
  const broken = (): never => {
    throw new Error('broken hook');
  };
  const openai = world.openai({ onDecision: broken, onSettled: broken });
  await openai.chat.completions.create(chat);
  expect(await world.booked()).toMatchObject([{ basis: 'reported' }]);
});

test('a settlement that Bursar never hears of is retried, then told, and the answer is not lost', async () => {
  await using world = await openWorld('in-process');
  const { reserve, extend, release } = world.server.caller({ tenant: 'default' }).meter;
  let attempts = 0;
  const settle: Caller['meter']['settle'] = () => {
    attempts += 1;
    return Promise.reject(new BursarError('store_unavailable', { message: 'away' }));
  };
  const runtime = new ManualRuntime();
  const caller = { meter: { reserve, extend, release, settle } } as Caller;
  const failed: unknown[] = [];
  const openai = connect({ caller }, runtime).wrap(world.plainOpenai(), {
    user: 'alice',
    onSettleFailed: (_call, error) => failed.push(error),
  });
  const { choices } = await openai.chat.completions.create(chat);
  expect(choices).toHaveLength(1);
  expect(attempts).toBe(3);
  expect(failed).toMatchObject([{ code: 'store_unavailable' }]);
  expect(runtime.waits).toEqual([25, 50]);
});

test('nobody waits longer than a second for a settlement that does not come', async () => {
  await using world = await openWorld('in-process');
  const { reserve, extend, release } = world.server.caller({ tenant: 'default' }).meter;
  const asked = Promise.withResolvers<void>();
  const settle: Caller['meter']['settle'] = () => {
    asked.resolve();
    return new Promise(() => {});
  };
  const runtime = new ManualRuntime();
  const caller = { meter: { reserve, extend, release, settle } } as Caller;
  const openai = connect({ caller }, runtime).wrap(world.plainOpenai(), { user: 'alice' });
  const answer = openai.chat.completions.create(chat);
  await asked.promise;
  runtime.advance(1_000);
  expect((await answer).choices).toHaveLength(1);
});
