/** Calls of a wrapped client that wait for their turn, from end to end, over both transports. */
import { duration, type LimiterPolicy } from '@bursar/core';
import { describe, expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
// Loaded when first needed, which simulated time would not wait for.
import '../../src/pacing/pacer.ts';
import type { CallIdentity } from '../../src/call-hooks.ts';
import { requestsOn } from '../support/paced-world.ts';
import { SimulatedTime } from '../support/simulated-time.ts';
import { MODEL, openWorld, prompt, type Reach, REACHES, type World } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 50 };
const TWO_A_MINUTE: LimiterPolicy = {
  algorithm: 'fixed-window',
  limit: 2,
  windowMs: duration(60_000, 'windowMs'),
};

interface TimedWorld extends World {
  readonly time: SimulatedTime;
  /** Lets time pass until `work` is done. It stands still for whatever is on its way over the network. */
  until<Value>(work: Promise<Value>): Promise<Value>;
}

async function openTimedWorld(reach: Reach, limiter = TWO_A_MINUTE): Promise<TimedWorld> {
  const time = new SimulatedTime();
  const send: typeof fetch = (input, init) => time.still(answered(fetch(input, init)));
  const world = await openWorld(reach, { time, runtime: time.runtime(1), send });
  const budgets = [{ name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' }];
  const rates = [requestsOn('user', limiter)];
  await world.server
    .caller({ tenant: 'default' })
    .policies.put({ document: { version: 1, defaults: { budgets, rates } }, expectedVersion: 0 });
  return Object.assign(world, {
    time,
    async until<Value>(work: Promise<Value>): Promise<Value> {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      done.catch(() => {});
      while (!isDone) await time.pass(1_000);
      return await done;
    },
  });
}

/** An answer that has arrived whole. */
async function answered(answering: Promise<Response>): Promise<Response> {
  const answer = await answering;
  return new Response(await answer.arrayBuffer(), answer);
}

describe.each(REACHES)('over %s', (reach) => {
  test('calls wait for the next window, and hooks tell for how long', async () => {
    await using world = await openTimedWorld(reach);
    const decided: CallIdentity[] = [];
    const settled: CallIdentity[] = [];
    const openai = world.openai({
      pace: { waitMsMax: 120_000 },
      onDecision: (call, { decision }) => {
        expect(decision).toBe('allowed');
        decided.push(call);
      },
      onSettled: (call) => settled.push(call),
    });
    const calls = [1, 2, 3].map(() => openai.chat.completions.create(chat));
    const answers = await world.until(Promise.all(calls));
    expect(answers.every(({ choices }) => choices.length === 1)).toBe(true);
    await world.until(world.bursar.settled());
    expect(decided.map(({ waitedMs }) => waitedMs > 10_000)).toEqual([false, false, true]);
    expect(settled).toEqual(decided);
  });

  test('a call that somebody else’s use refuses is asked for again under its own id, and made once', async () => {
    await using world = await openTimedWorld(reach);
    const others = world.openai();
    await others.chat.completions.create(chat);
    await others.chat.completions.create(chat);
    const decided: CallIdentity[] = [];
    const openai = world.openai({
      pace: { waitMsMax: 120_000 },
      onDecision: (call) => decided.push(call),
    });
    await world.until(openai.chat.completions.create(chat));
    await world.until(world.bursar.settled());
    // Told once, with the decision that counts.
    expect(decided).toHaveLength(1);
    const { entries } = await world.bursar.usage.history({ user: 'alice' });
    const own = entries.filter(({ reservation }) => reservation === decided[0]?.reservation);
    expect(own.map(({ kind }) => kind)).toEqual(['settle']);
    expect(world.provider.calls).toHaveLength(3);
  });

  test('a caller who leaves while waiting is let go at once, and nothing was asked for', async () => {
    await using world = await openTimedWorld(reach);
    const openai = world.openai({ pace: { waitMsMax: 600_000 } });
    await openai.chat.completions.create(chat);
    await openai.chat.completions.create(chat);
    const abort = new AbortController();
    const waiting = openai.chat.completions.create(chat, { signal: abort.signal });
    const left = waiting.catch((error: unknown) => error);
    await world.time.pass(1_000);
    abort.abort();
    expect(await left).toMatchObject({ message: 'Request was aborted.' });
    await world.time.pass(180_000);
    expect(world.provider.calls).toHaveLength(2);
    expect((await world.booked()).map(({ kind }) => kind)).toEqual(['settle', 'settle']);
  });

  test('a call that would wait too long is refused as without pacing, and money is never waited for', async () => {
    await using world = await openTimedWorld(reach);
    const openai = world.openai({ pace: { waitMsMax: 1_000 } });
    await openai.chat.completions.create(chat);
    await openai.chat.completions.create(chat);
    const late: unknown = await world.until(
      openai.chat.completions.create(chat).catch((error: unknown) => error),
    );
    expect(late).toMatchObject({ status: 429 });
    const broke: unknown = await world
      .openai({ user: 'bob', pace: true })
      .chat.completions.create({ ...chat, max_completion_tokens: 10_000_000 })
      .catch((error: unknown) => error);
    expect(denialOf(broke)).toMatchObject({ reason: 'limit_too_small' });
  });
});

test('one who closes the connection hears of it while waiting', async () => {
  await using world = await openTimedWorld('in-process');
  const openai = world.openai({ pace: { waitMsMax: 600_000 } });
  await openai.chat.completions.create(chat);
  await openai.chat.completions.create(chat);
  const waiting = openai.chat.completions.create(chat).catch((error: unknown) => error);
  await world.time.pass(1_000);
  await world.bursar.close();
  expect(await waiting).toMatchObject({ status: 503 });
});

test('options that make no sense are named', async () => {
  await using world = await openTimedWorld('in-process');
  for (const [pace, field] of [
    [{ waitMsMax: -1 }, 'pace.waitMsMax'],
    [{ waitMsMax: 600_001 }, 'pace.waitMsMax'],
    [{ queueMax: 1.5 }, 'pace.queueMax'],
    [{ concurrencyMax: 0 }, 'pace.concurrencyMax'],
    [{ priority: 'urgent' as 'batch' }, 'pace.priority'],
  ] as const) {
    const call = world.openai({ pace }).chat.completions.create(chat);
    await expect(call).rejects.toMatchObject({ status: 400, code: 'input_invalid' });
    await expect(call).rejects.toThrow(field);
  }
});

test('what calls were estimated too high is counted on again when they are settled', async () => {
  const limiter: LimiterPolicy = {
    algorithm: 'sliding-window-counter',
    limit: 1_000,
    windowMs: duration(60_000, 'windowMs'),
  };
  const time = new SimulatedTime();
  await using world = await openWorld('in-process', { time, runtime: time.runtime(1) });
  const budgets = [{ name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' }];
  const rates = [{ name: 'tokens', on: { kind: 'user' }, counts: 'totalTokens', limiter }];
  await world.server
    .caller({ tenant: 'default' })
    .policies.put({ document: { version: 1, defaults: { budgets, rates } }, expectedVersion: 0 });
  // Each takes 600 of 1,000 before, and some twenty in truth.
  const waits: number[] = [];
  const openai = world.openai({
    pace: true,
    onDecision: ({ waitedMs }) => waits.push(waitedMs),
  });
  for (let index = 0; index < 5; index += 1) {
    await openai.chat.completions.create(
      { ...chat, max_completion_tokens: 550 },
      { headers: { 'x-provider-output-tokens': '12' } },
    );
    await world.bursar.settled();
    await time.pass(100);
  }
  expect(waits).toEqual([0, 0, 0, 0, 0]);
});
