/** A running call is kept alive, an abandoned one is not: promise P3, scenario F20. */
import { createBursar } from '@bursar/server';
import { ManualClock } from '@bursar/testkit';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { startProvider } from '@bursar/local-provider';
import type { MeterApi } from '../../src/meter-api.ts';
import { connect } from '../../src/connect.ts';
import type { Caller } from '@bursar/api';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { MODEL, prompt } from '../support/world.ts';

/** A world whose time is the test's, on both sides, with a record of every extend. */
async function openTimedWorld() {
  const provider = await startProvider();
  const clock = new ManualClock();
  const runtime = new ManualRuntime();
  const server = await createBursar({
    store: { kind: 'memory' },
    time: { nowMs: () => clock.nowMs(), after: () => () => {} },
  });
  const caller = server.caller({ tenant: 'default' });
  const extended: Promise<unknown>[] = [];
  let isDeaf = false;
  const { reserve, settle, release } = caller.meter;
  const meter: MeterApi = {
    reserve,
    settle,
    release,
    extend: (input) => {
      const answer = isDeaf
        ? Promise.reject(new Error('no route to host'))
        : caller.meter.extend(input);
      extended.push(answer.catch(() => {}));
      return answer;
    },
  };
  const bursar = connect({ caller: { meter } as Caller }, runtime);
  return {
    provider,
    runtime,
    bursar,
    caller,
    extended,
    deafen: () => (isDeaf = true),
    openai: new OpenAI({ apiKey: 'sk', baseURL: provider.url, maxRetries: 0 }),
    /** Lets time pass on both sides, second by second, every heartbeat delivered. */
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        clock.advance(1_000);
        runtime.advance(1_000);
        await Promise.all(extended);
        await new Promise(setImmediate);
      }
    },
    reservedUsd: async () => (await caller.usage.current({ user: 'alice' })).reservedUsd,
    settledUsd: async () => (await caller.usage.current({ user: 'alice' })).settledUsd,
    [Symbol.asyncDispose]: async () => {
      await provider.close();
      await bursar.close();
      await server.close();
    },
  };
}

const chat = { model: MODEL, messages: [prompt(2)], max_completion_tokens: 20_000 };
/** More than connections buffer, so that the end is not there before it is read. */
const LONG = { headers: { 'x-provider-output-tokens': '20000' } };

test('a call that takes minutes keeps its reservation and is settled in time', async () => {
  await using world = await openTimedWorld();
  const openai = world.bursar.wrap(world.openai, { user: 'alice' });
  const stream = await openai.chat.completions.create({ ...chat, stream: true }, LONG);
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  await world.pass(300);
  expect(world.extended.length).toBe(1 + 300 / 15);
  expect(await world.reservedUsd()).not.toBe('0.00');
  while (!(await iterator.next()).done);
  await world.bursar.settled();
  const { entries } = await world.caller.usage.history({ user: 'alice' });
  expect(entries).toMatchObject([{ kind: 'settle', detail: { basis: 'reported' } }]);
});

test('heartbeats end with the call', async () => {
  await using world = await openTimedWorld();
  const openai = world.bursar.wrap(world.openai, { user: 'alice' });
  await openai.chat.completions.create(chat);
  await world.pass(60);
  expect(world.extended).toHaveLength(1);
  expect(world.runtime.timers).toBe(0);
});

test('a stream that nobody ever reads stops being kept alive, and is charged what was set aside', async () => {
  await using world = await openTimedWorld();
  const openai = world.bursar.wrap(world.openai, { user: 'alice', callMsMax: 120_000 });
  await openai.chat.completions.create({ ...chat, stream: true }, LONG);
  const held = await world.reservedUsd();
  await world.pass(130);
  expect(await world.reservedUsd()).toBe(held);
  await world.pass(60);
  // The sweeper stands still in this world; the next reservation notices what has expired.
  await openai.chat.completions.create(chat);
  const { entries } = await world.caller.usage.history({ user: 'alice' });
  expect(entries.map(({ kind }) => kind)).toEqual(['settle', 'expire']);
  expect(entries[1]?.amountUsd).toBe(held);
});

test('F20: when no heartbeat arrives the reservation expires, and the late truth corrects the charge', async () => {
  await using world = await openTimedWorld();
  const failures: unknown[] = [];
  const openai = world.bursar.wrap(world.openai, {
    user: 'alice',
    onHeartbeatFailed: (_call, error) => failures.push(error),
  });
  const stream = await openai.chat.completions.create({ ...chat, stream: true }, LONG);
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  await world.pass(1);
  world.deafen();
  await world.pass(90);
  expect(failures.length).toBe(6);
  while (!(await iterator.next()).done);
  await world.bursar.settled();
  const { entries } = await world.caller.usage.history({ user: 'alice' });
  expect(entries[0]).toMatchObject({ kind: 'settle', detail: { basis: 'reported' } });
  expect(await world.reservedUsd()).toBe('0.00');
  expect(await world.settledUsd()).toBe('0.0120003');
});
