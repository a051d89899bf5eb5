/** Responses in the background: set aside until somebody asks for them, settled as they then report. */
import { expect, test } from 'vitest';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { MODEL, openWorld } from '../support/world.ts';

const request = { model: MODEL, input: 'one two three', background: true, max_output_tokens: 50 };
const SCRIPT = { headers: { 'x-provider-output-tokens': '20' } };
const USAGE = { inputTokens: 3, outputTokens: 20 };

test('the money stays set aside while it runs, and is settled when it is retrieved', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const queued = await openai.responses.create(request, SCRIPT);
  expect(queued.status).toBe('queued');
  expect(Number(await world.reservedUsd())).toBeGreaterThan(0);
  expect(await world.booked()).toEqual([]);
  const finished = await openai.responses.retrieve(queued.id);
  expect(finished.status).toBe('completed');
  expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: USAGE }]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('any client of the connection may retrieve it, and the one who asked pays', async () => {
  await using world = await openWorld('in-process');
  const { id } = await world.openai({ user: 'bob' }).responses.create(request, SCRIPT);
  await world.openai().responses.retrieve(id);
  await world.openai().responses.retrieve(id);
  expect(await world.booked('bob')).toMatchObject([{ usage: USAGE }]);
  expect(await world.booked('alice')).toEqual([]);
});

test('a response that is cancelled is settled by what it reports', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const { id } = await openai.responses.create(request, SCRIPT);
  await openai.responses.cancel(id);
  expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: USAGE }]);
});

test('one that nobody retrieves keeps its heart beating until the longest call is over', async () => {
  const runtime = new ManualRuntime();
  await using world = await openWorld('in-process', { runtime });
  await world.openai({ callMsMax: 60_000 }).responses.create(request, SCRIPT);
  await world.bursar.settled();
  const beats = runtime.timers;
  expect(beats).toBe(1);
  for (let at = 0; at < 4; at += 1) {
    runtime.advance(15_000);
    await world.bursar.settled();
  }
  expect(runtime.timers).toBe(0);
  expect(await world.booked()).toEqual([]);
});

test('a background stream that is left goes on, and is settled when it is retrieved', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const stream = await openai.responses.create(
    { ...request, stream: true },
    { headers: { ...SCRIPT.headers, 'x-provider-chunk-delay-ms': '1' } },
  );
  let id = '';
  for await (const event of stream) {
    if (event.type === 'response.created') id = event.response.id;
    if (event.type === 'response.output_text.delta') break;
  }
  expect(await world.booked()).toEqual([]);
  expect(Number(await world.reservedUsd())).toBeGreaterThan(0);
  await openai.responses.retrieve(id);
  expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: USAGE }]);
});

test('a background stream that is read to its end is settled there', async () => {
  await using world = await openWorld('in-process');
  const stream = await world.openai().responses.create({ ...request, stream: true }, SCRIPT);
  for await (const _ of stream);
  expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: USAGE }]);
});
