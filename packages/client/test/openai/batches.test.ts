/** Batches: set aside as a whole when they are created, settled by whoever sees their end, once. */
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { TAG_FIELD } from '../../src/http/tag-field.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { connectTo, MODEL, openWorld, prompt, REACHES, type World } from '../support/world.ts';

const ENDPOINT = '/v1/chat/completions';
const chat = (words: number, more: object = {}): object => ({
  model: MODEL,
  messages: [prompt(words)],
  max_tokens: 5,
  ...more,
});
const THREE = [chat(10), chat(20), chat(30)];
/** What the three use: 60 words in, 5 out of each. */
const USAGE = { inputTokens: 60, outputTokens: 15 };

function linesOf(bodies: readonly object[], url = ENDPOINT): File {
  const lines = bodies.map((body, at) =>
    JSON.stringify({ custom_id: `c-${at}`, method: 'POST', url, body }),
  );
  return new File([lines.join('\n')], 'in.jsonl');
}

async function createBatch(
  openai: OpenAI,
  {
    bodies = THREE,
    headers = {},
    more = {},
    endpoint = ENDPOINT,
  }: {
    bodies?: readonly object[];
    headers?: Record<string, string>;
    more?: object;
    endpoint?: typeof ENDPOINT | '/v1/responses' | '/v1/embeddings' | '/v1/moderations';
  } = {},
) {
  const file = await openai.files.create({ purpose: 'batch', file: linesOf(bodies, endpoint) });
  const params = { endpoint, completion_window: '24h', input_file_id: file.id, ...more } as const;
  return await openai.batches.create(params, { headers });
}

/** A client of another process: of a connection of its own. */
async function elsewhere(world: World, options: { user?: string } = {}) {
  const other = await connectTo(world.server, 'in-process');
  return {
    other,
    openai: other.wrap(world.plainOpenai(), { user: 'somebody', ...options }),
  };
}

test.each(REACHES)('is set aside in full and settled by what its lines used, %s', async (reach) => {
  await using world = await openWorld(reach);
  const openai = world.openai();
  const created = await createBatch(openai);
  expect(created.status).toBe('validating');
  // Three times the bytes of the longest bound and 5 tokens, at half of 0.15 and 0.60 a million.
  expect(Number(await world.reservedUsd())).toBeGreaterThan(0.000_02);
  expect(Number(await world.reservedUsd())).toBeLessThan(0.000_1);
  expect(await world.booked()).toEqual([]);
  const batch = await openai.batches.retrieve(created.id);
  expect(batch.status).toBe('completed');
  expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: USAGE }]);
  expect(await world.reservedUsd()).toBe('0.00');
  // 60 × 0.075 + 15 × 0.30 millionths.
  const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
  expect(settledUsd).toBe('0.000009');
});

test('another process settles it, on the user who asked, and once whoever asks again', async () => {
  await using world = await openWorld('in-process');
  const { id } = await createBatch(world.openai());
  const { openai, other } = await elsewhere(world);
  await openai.batches.retrieve(id);
  await openai.batches.retrieve(id);
  await other.settled();
  expect(await world.booked()).toMatchObject([{ usage: USAGE }]);
  expect(await world.booked('somebody')).toEqual([]);
  await world.openai().batches.retrieve(id);
  const third = await elsewhere(world);
  for await (const batch of third.openai.batches.list()) expect(batch.id).toBe(id);
  await third.other.settled();
  expect(await world.booked()).toHaveLength(1);
});

test('one that expires is settled by what was answered by then, also when whoever created it is gone', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const created = await createBatch(openai, { headers: { 'x-provider-batch': 'expired:2' } });
  await world.bursar.close();
  const { openai: later, other } = await elsewhere(world);
  await later.batches.retrieve(created.id);
  await other.settled();
  expect(await world.booked()).toMatchObject([{ usage: { inputTokens: 30, outputTokens: 10 } }]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('no heart beats for it: one mark keeps it for an hour', async () => {
  const runtime = new ManualRuntime();
  await using world = await openWorld('in-process', { runtime });
  await createBatch(world.openai());
  await world.bursar.settled();
  expect(runtime.timers).toBe(0);
});

test('a batch that is cancelled is settled by what was answered by then, seen by the list', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const { id } = await createBatch(openai, { headers: { 'x-provider-batch': 'in_progress:1' } });
  await openai.batches.retrieve(id);
  expect(await world.booked()).toEqual([]);
  expect((await openai.batches.cancel(id)).status).toBe('cancelling');
  expect(await world.booked()).toEqual([]);
  await openai.batches.list();
  expect(await world.booked()).toMatchObject([{ usage: { inputTokens: 10, outputTokens: 5 } }]);
});

test('a batch of which nothing was answered costs nothing', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const { id } = await createBatch(openai, { headers: { 'x-provider-batch': 'failed:0' } });
  await openai.batches.retrieve(id);
  await world.booked();
  expect(await world.bursar.usage.current({ user: 'alice' })).toMatchObject({
    settledUsd: '0.00',
    reservedUsd: '0.00',
  });
});

test('one that reports no sum is settled by its answers', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const { id } = await createBatch(openai, { headers: { 'x-provider-batch-usage': '0' } });
  await openai.batches.retrieve(id);
  expect(await world.booked()).toMatchObject([{ usage: USAGE }]);
});

test('calls in several context tiers are each charged in their own', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '1000.00' });
  const openai = world.openai();
  const long = (words: number): object => chat(words, { model: 'gpt-5.4' });
  const { id } = await createBatch(openai, {
    bodies: [long(300_000), ...Array(3).fill(long(100_000))],
  });
  await openai.batches.retrieve(id);
  await world.bursar.settled();
  // 300,000 at 2.50 and three times 100,000 at 1.25; 5 of output at 11.25 and 15 at 7.50 a million.
  const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
  expect(settledUsd).toBe('1.12516875');
});

test.each([
  ['/v1/responses', { model: MODEL, input: 'one two', max_output_tokens: 16 }],
  ['/v1/embeddings', { model: 'text-embedding-3-small', input: 'one two' }],
] as const)('of %s is metered alike', async (endpoint, body) => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const { id } = await createBatch(openai, { bodies: [body, body], endpoint });
  await openai.batches.retrieve(id);
  expect(await world.booked()).toMatchObject([{ usage: { inputTokens: 4 } }]);
});

test('one that does not fit is not created', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0.00001' });
  await expect(createBatch(world.openai())).rejects.toMatchObject({ status: 402 });
  expect(world.provider.calls.map(({ path }) => path)).not.toContain('/v1/batches');
});

test('lines without a cap are set aside with the most that the model produces', async () => {
  await using world = await openWorld('in-process');
  const bodies = [chat(1), chat(1, { max_tokens: undefined })];
  await createBatch(world.openai({ outputTokensFallback: 1_000_000 }), { bodies });
  // A million tokens at 0.30.
  expect(Number(await world.reservedUsd())).toBeGreaterThan(0.3);
});

test.each([
  ['of several models', { bodies: [chat(1), chat(1, { model: 'gpt-4o' })] }, 'input_file_id'],
  ['whose lines name no model', { bodies: [chat(1, { model: undefined })] }, 'model'],
  ['that is empty', { bodies: [] }, 'input_file_id'],
  ['with a path for a file', { more: { input_file_id: '../batches' } }, 'input_file_id'],
  ['with a tag', { more: { metadata: { [TAG_FIELD]: 'x' } } }, `metadata.${TAG_FIELD}`],
  [
    'whose lines have a tag',
    {
      endpoint: '/v1/responses' as const,
      bodies: [{ model: MODEL, input: 'x', metadata: { [TAG_FIELD]: 'x' } }],
    },
    `metadata.${TAG_FIELD}`,
  ],
])('a batch %s is refused, with the reason', async (_which, batch, param) => {
  await using world = await openWorld('in-process');
  await expect(createBatch(world.openai(), batch)).rejects.toMatchObject({
    status: 400,
    code: 'input_invalid',
    param,
  });
  expect(world.provider.calls.map(({ path }) => path)).not.toContain('/v1/batches');
});

test('a batch of what Bursar has no price for is refused, or sent unmetered if that is allowed', async () => {
  await using world = await openWorld('in-process');
  const batch = { endpoint: '/v1/moderations' as const, bodies: [{ input: 'x' }] };
  await expect(createBatch(world.openai(), batch)).rejects.toMatchObject({ code: 'price_unknown' });
  await createBatch(world.openai({ unmeteredRoutes: 'allow' }), batch).catch(() => {});
  expect(world.provider.calls.at(-1)).toMatchObject({ path: '/v1/batches' });
  expect(await world.booked()).toEqual([]);
});

test('callers see nothing of the tag, the provider keeps it, and metadata is what they gave', async () => {
  await using world = await openWorld('in-process');
  const openai = world.openai();
  const bare = await createBatch(openai);
  const given = await createBatch(openai, { more: { metadata: { job: '7' } } });
  const seen = [
    bare,
    await openai.batches.retrieve(bare.id),
    given,
    await openai.batches.retrieve(given.id),
  ];
  expect(seen.map(({ metadata }) => metadata)).toEqual([null, null, { job: '7' }, { job: '7' }]);
  const { data } = await openai.batches.list();
  expect(JSON.stringify(data)).not.toContain(TAG_FIELD);
  const atProvider = await world.plainOpenai().batches.retrieve(given.id);
  expect(Object.keys(atProvider.metadata ?? {}).toSorted()).toEqual([TAG_FIELD, 'job']);
});

test('metadata without room for the tag leaves the batch to the process that created it', async () => {
  await using world = await openWorld('in-process');
  const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`k${at}`, 'v']));
  const openai = world.openai();
  const { id } = await createBatch(openai, { more: { metadata } });
  const { openai: other, other: connection } = await elsewhere(world);
  await other.batches.retrieve(id);
  await connection.settled();
  expect(await world.booked()).toEqual([]);
  await openai.batches.retrieve(id);
  expect(await world.booked()).toMatchObject([{ usage: USAGE }]);
});

test('a file that the provider does not give is answered as the provider does', async () => {
  await using world = await openWorld('in-process');
  const more = { input_file_id: 'file-none' };
  await expect(createBatch(world.openai(), { more })).rejects.toMatchObject({
    status: 404,
    type: 'invalid_request_error',
  });
  expect(await world.reservedUsd()).toBe('0.00');
});

test('a batch whose creation the provider refuses sets nothing aside', async () => {
  await using world = await openWorld('in-process');
  const headers = { 'x-provider-status': '500' };
  await expect(createBatch(world.openai(), { headers })).rejects.toMatchObject({ status: 500 });
  expect(await world.reservedUsd()).toBe('0.00');
});
