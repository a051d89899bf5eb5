/** Responses in the background, whose end is seen by another process than the one that made them. */
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { TAG_FIELD } from '../../src/http/tag-field.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { connectTo, MODEL, openWorld, REACHES, type World } from '../support/world.ts';

const request = { model: MODEL, input: 'one two three', background: true, max_output_tokens: 50 };
const SCRIPT = { headers: { 'x-provider-output-tokens': '20' } };
const USAGE = { inputTokens: 3, outputTokens: 20 };

/** A client of another process: of a connection of its own. */
async function elsewhere(world: World, failures: unknown[] = []) {
  const connection = await connectTo(world.server, 'in-process');
  const openai = connection.wrap(world.plainOpenai(), {
    user: 'somebody',
    onSettleFailed: (_call, error) => failures.push(error),
  });
  return { connection, openai };
}

test.each(REACHES)('whoever retrieves it settles it, on the user who asked, %s', async (reach) => {
  await using world = await openWorld(reach);
  const { id } = await world.openai().responses.create(request, SCRIPT);
  const { openai, connection } = await elsewhere(world);
  await openai.responses.retrieve(id);
  await openai.responses.retrieve(id);
  await connection.settled();
  expect(await world.booked()).toMatchObject([
    { basis: 'reported', usage: USAGE, model: 'gpt-4o-mini-2024-07-18' },
  ]);
  expect(await world.booked('somebody')).toEqual([]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('whoever cancels it settles it', async () => {
  await using world = await openWorld('in-process');
  const { id } = await world.openai().responses.create(request, SCRIPT);
  const { openai, connection } = await elsewhere(world);
  await openai.responses.cancel(id);
  await connection.settled();
  expect(await world.booked()).toMatchObject([{ usage: USAGE }]);
});

test.each([0, 2, 5])(
  'whoever goes on with its stream, from event %i on, settles it',
  async (after) => {
    await using world = await openWorld('in-process');
    const stream = await world.openai().responses.create({ ...request, stream: true }, SCRIPT);
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id;
      if (event.type === 'response.output_text.delta') break;
    }
    const { openai, connection } = await elsewhere(world);
    const resumed = await openai.responses.retrieve(id, { stream: true, starting_after: after });
    const events: unknown[] = [];
    for await (const event of resumed) events.push(event);
    await connection.settled();
    expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: USAGE }]);
    expect(JSON.stringify(events)).not.toContain(TAG_FIELD);
    const bare = await world
      .plainOpenai()
      .responses.retrieve(id, { stream: true, starting_after: after });
    const all: unknown[] = [];
    for await (const event of bare) all.push(event);
    expect(events).toHaveLength(all.length);
  },
);

test('a stream that is left again is not settled by the half of it', async () => {
  await using world = await openWorld('in-process');
  const { id } = await world.openai().responses.create(request, SCRIPT);
  const { openai, connection } = await elsewhere(world);
  const slowly = { headers: { 'x-provider-chunk-delay-ms': '1' } };
  for await (const event of await openai.responses.retrieve(id, { stream: true }, slowly)) {
    if (event.type === 'response.output_text.delta') break;
  }
  await connection.settled();
  expect(await world.booked()).toEqual([]);
  await openai.responses.retrieve(id);
  await connection.settled();
  expect(await world.booked()).toMatchObject([{ usage: USAGE }]);
});

test('two that see the end at once book it once', async () => {
  await using world = await openWorld('in-process');
  const mine = world.openai();
  const { id } = await mine.responses.create(request, SCRIPT);
  const failures: unknown[] = [];
  const others = await Promise.all([elsewhere(world, failures), elsewhere(world, failures)]);
  await Promise.all(
    [mine, ...others.map(({ openai }) => openai)].map((one) => one.responses.retrieve(id)),
  );
  await Promise.all(others.map(({ connection }) => connection.settled()));
  expect(await world.booked()).toHaveLength(1);
  expect(failures).toEqual([]);
});

test('the heart of a call that others have ended stops, and is no failure', async () => {
  const runtime = new ManualRuntime();
  await using world = await openWorld('in-process', { runtime });
  const failures: unknown[] = [];
  const openai = world.openai({ onHeartbeatFailed: (_call, error) => failures.push(error) });
  const { id } = await openai.responses.create(request, SCRIPT);
  const other = await elsewhere(world);
  await other.openai.responses.retrieve(id);
  await other.connection.settled();
  await world.bursar.settled();
  runtime.advance(15_000);
  await world.bursar.settled();
  expect(runtime.timers).toBe(0);
  expect(failures).toEqual([]);
});

test('callers see nothing of the tag, whole or streamed, and the metadata that they gave', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const bare = await openai.responses.create(request, SCRIPT);
  expect(bare.metadata).toEqual({});
  expect((await openai.responses.retrieve(bare.id)).metadata).toEqual({});
  const metadata = { job: '7', kind: 'report' };
  const given = await openai.responses.create({ ...request, metadata }, SCRIPT);
  expect(given.metadata).toEqual(metadata);
  expect((await openai.responses.cancel(given.id)).metadata).toEqual(metadata);
  const stream = await openai.responses.create({ ...request, stream: true }, SCRIPT);
  for await (const event of stream) expect(JSON.stringify(event)).not.toContain(TAG_FIELD);
  const atProvider = await world.plainOpenai().responses.retrieve(given.id);
  expect(Object.keys(atProvider.metadata ?? {})).toContain(TAG_FIELD);
});

test.each([
  ['in the background', request],
  ['at once', { ...request, background: false }],
])('nobody can write a tag, %s', async (_how, asked) => {
  await using world = await openWorld('in-process');
  const metadata = { [TAG_FIELD]: '01990000-0000-7000-8000-000000000000' };
  await expect(world.openai().responses.create({ ...asked, metadata })).rejects.toMatchObject({
    status: 400,
    param: `metadata.${TAG_FIELD}`,
  });
  expect(world.provider.calls).toEqual([]);
});

test('a tag that was written elsewhere settles nothing unless the response ran in the background', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const dear = await openai.responses.create(request, SCRIPT);
  const plain: OpenAI = world.plainOpenai();
  const { metadata } = await plain.responses.retrieve(dear.id);
  const cheap = await plain.responses.create({ model: MODEL, input: 'x', metadata });
  await (await elsewhere(world)).openai.responses.retrieve(cheap.id);
  expect(await world.booked()).toEqual([]);
});

test('a reservation that this Bursar does not know is told of, and books nothing', async () => {
  await using world = await openWorld('in-process');
  await using foreign = await openWorld('in-process');
  const openai = foreign.bursar.wrap(world.plainOpenai(), { user: 'alice' });
  const { id } = await openai.responses.create(request, SCRIPT);
  const failures: unknown[] = [];
  const here = await elsewhere(world, failures);
  expect((await here.openai.responses.retrieve(id)).status).toBe('completed');
  await here.connection.settled();
  expect(failures).toMatchObject([{ code: 'reservation_not_found' }]);
  expect(await world.booked('somebody')).toEqual([]);
});
