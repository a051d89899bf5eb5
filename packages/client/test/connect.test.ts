/** Leaving: what is under way is waited for, but not for ever. */
import { expect, test } from 'vitest';
import { connect } from '../src/connect.ts';
import { DRAINS_MAX } from '../src/drain-limit.ts';
import type { Caller } from '@bursar/api';
import { ManualRuntime } from './support/manual-runtime.ts';
import { connectTo, MODEL, openWorld, prompt } from './support/world.ts';

const chat = { model: MODEL, messages: [prompt(2)], max_completion_tokens: 100 };

test('close waits for a settlement under way', async () => {
  await using world = await openWorld('in-process');
  const {
    reserve,
    extend,
    release,
    settle: settleNow,
  } = world.server.caller({
    tenant: 'default',
  }).meter;
  const mayGo = Promise.withResolvers<void>();
  const settle: Caller['meter']['settle'] = async (input) => {
    await mayGo.promise;
    return await settleNow(input);
  };
  const bursar = connect({ caller: { meter: { reserve, extend, release, settle } } as Caller });
  const stream = await bursar
    .wrap(world.plainOpenai(), { user: 'alice' })
    .chat.completions.create({ ...chat, stream: true });
  for await (const chunk of stream) void chunk;
  const closed = bursar.close();
  expect(await world.booked()).toHaveLength(0);
  mayGo.resolve();
  await closed;
  expect(await world.booked()).toMatchObject([{ basis: 'reported' }]);
});

test('close gives up after ten seconds', async () => {
  await using world = await openWorld('in-process');
  const { reserve, extend, release } = world.server.caller({ tenant: 'default' }).meter;
  const settle: Caller['meter']['settle'] = () => new Promise(() => {});
  const runtime = new ManualRuntime();
  const bursar = connect(
    { caller: { meter: { reserve, extend, release, settle } } as Caller },
    runtime,
  );
  const stream = await bursar
    .wrap(world.plainOpenai(), { user: 'alice' })
    .chat.completions.create({ ...chat, stream: true });
  for await (const chunk of stream) void chunk;
  const closed = bursar.close();
  runtime.advance(10_000);
  await closed;
});

test('at most a hundred calls go on unheard; the others end at once', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: null });
  const openai = world.openai({ onAbort: 'drain' });
  const abort = new AbortController();
  const answers = Promise.allSettled(
    Array.from({ length: DRAINS_MAX + 5 }, () =>
      openai.chat.completions.create(chat, {
        signal: abort.signal,
        headers: { 'x-provider-delay-ms': '1500' },
      }),
    ),
  );
  await world.provider.arrived(DRAINS_MAX + 5);
  abort.abort();
  await answers;
  const booked = await world.booked();
  expect(booked.filter(({ basis }) => basis === 'estimated')).toHaveLength(5);
  expect(booked.filter(({ basis }) => basis === 'reported')).toHaveLength(DRAINS_MAX);
});

test('close waits for calls that run, refuses new ones, and has nothing left over then', async () => {
  await using world = await openWorld('in-process');
  const bursar = await connectTo(world.server, 'in-process');
  const openai = bursar.wrap(world.plainOpenai(), { user: 'alice' });
  const stream = await openai.chat.completions.create({ ...chat, stream: true });
  const closed = bursar.close();
  await expect(openai.chat.completions.create(chat)).rejects.toMatchObject({
    status: 503,
    code: 'connection_closed',
  });
  for await (const chunk of stream) void chunk;
  expect(await closed).toEqual({ callsOpen: 0, kept: 0 });
  expect(await world.booked()).toMatchObject([{ kind: 'settle', basis: 'reported' }]);
  // Closing again changes nothing.
  expect(await bursar.close()).toEqual({ callsOpen: 0, kept: 0 });
});

test('close waits as long as it is told, and tells which calls had not ended', async () => {
  await using world = await openWorld('in-process');
  const runtime = new ManualRuntime();
  const bursar = await connectTo(world.server, 'in-process', runtime);
  const openai = bursar.wrap(world.plainOpenai(), { user: 'alice' });
  const stream = await openai.chat.completions.create({ ...chat, stream: true });
  const closed = bursar.close({ waitMsMax: 300 });
  runtime.advance(300);
  expect(await closed).toEqual({ callsOpen: 1, kept: 0 });
  stream.controller.abort();
});
