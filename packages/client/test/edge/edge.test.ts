/** The client runs where there is no Node: it is small, needs nothing of Node, and works in a worker's runtime. */
import { EdgeVM } from '@edge-runtime/vm';
import { expect, test } from 'vitest';
import { MODEL, openWorld, TOKEN } from '../support/world.ts';
import { bundled, bundledAtStart, gzipBytes } from './bundle.ts';

/** Most bytes, gzipped, of what an OpenAI client needs to be metered over HTTP, before its first call. */
const START_BYTES_MAX = 15_000;
/** The same with everything that is loaded when it is needed. */
const WHOLE_BYTES_MAX = 44_000;

const ENTRY = "export { connect, denialOf, isDenied } from './src/index.ts';";

test('what has to be there before the first call is less than 15 kB', async () => {
  const bytes = gzipBytes(await bundledAtStart(ENTRY));
  expect(bytes).toBeLessThan(START_BYTES_MAX);
  // So that a bundle that lacks half of it does not pass.
  expect(bytes).toBeGreaterThan(5_000);
});

test('the whole client is less than 44 kB', async () => {
  expect(gzipBytes(await bundled(ENTRY))).toBeLessThan(WHOLE_BYTES_MAX);
});

test.each([
  ['the client', ENTRY],
  ['the wrapper of Anthropic’s client', "export * from './src/anthropic/index.ts';"],
  ['the meter of open connections', "export * from './src/realtime/index.ts';"],
])('%s needs nothing of Node, neither schemas nor the price table', async (_name, entry) => {
  // A bundle for no platform fails on what it cannot resolve, Node's modules included.
  const { text, metafile } = await bundled(entry);
  expect(text).not.toMatch(/["']node:/);
  const inputs = Object.keys(metafile.inputs);
  expect(
    inputs.filter((path) =>
      /zod|pricing\/catalogue\/|packages\/(api\/src\/(?!rate-headers)|server)\//.test(path),
    ),
  ).toEqual([]);
});

test('a call, a stream and a denial work in a worker’s runtime', async () => {
  await using world = await openWorld('in-process');
  const { text } = await bundled(`
    import { connect, denialOf } from './src/index.ts';
    import OpenAI from 'openai';
    globalThis.tryOut = async ({ bursarUrl, token, providerUrl, model }) => {
      const bursar = connect({ url: bursarUrl, token });
      const plain = new OpenAI({ apiKey: 'sk', baseURL: providerUrl, maxRetries: 0 });
      const openai = bursar.wrap(plain, { user: 'alice' });
      const chat = { model, messages: [{ role: 'user', content: 'one two' }] };
      const answer = await openai.chat.completions.create(chat);
      let pieces = 0;
      for await (const _ of await openai.chat.completions.create({ ...chat, stream: true })) pieces += 1;
      await bursar.settled();
      const live = await bursar.usage.live({ user: 'alice' }).next();
      const value = await bursar.meter(
        { user: 'alice', model, inputTokens: 5, outputTokensMax: 5 },
        async () => ({ value: 'done', usage: { inputTokens: 1 } }),
      );
      const error = await openai.chat.completions
        .create({ ...chat, n: 100, max_tokens: 100_000_000 })
        .catch((thrown) => thrown);
      await bursar.close();
      return JSON.stringify({
        said: answer.choices[0].message.content.length,
        pieces,
        settledUsd: live.value.settledUsd,
        value,
        reason: denialOf(error)?.reason,
        isNode: typeof process !== 'undefined' && process.versions !== undefined,
      });
    };`);
  const worker = new EdgeVM();
  // Workers have it, and this one lacks it; live usage needs it.
  worker.evaluate(
    'globalThis.MessageEvent ??= class extends Event { constructor(type, init) { super(type, init); Object.assign(this, { data: init.data, lastEventId: init.lastEventId }); } }',
  );
  worker.evaluate(text);
  const where = {
    bursarUrl: await world.server.listen(),
    token: TOKEN,
    providerUrl: world.provider.url,
    model: MODEL,
  };
  const result = await worker.evaluate<Promise<string>>(`tryOut(${JSON.stringify(where)})`);
  const seen = JSON.parse(result) as Record<string, unknown>;
  expect(seen).toMatchObject({ value: 'done', reason: 'limit_too_small', isNode: false });
  expect(seen['said']).toBeGreaterThan(0);
  expect(seen['pieces']).toBeGreaterThan(2);
  expect(Number(seen['settledUsd'])).toBeGreaterThan(0);
  // Two calls, and the work.
  expect((await world.booked()).filter(({ kind }) => kind === 'settle')).toHaveLength(3);
});
