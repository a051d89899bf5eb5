/** The client can go where there is no Node: it is small, and needs nothing of Node. */
import { expect, test } from 'vitest';
import { bundled, bundledAtStart, gzipBytes } from './bundle.ts';

/** Most bytes, gzipped, of what an OpenAI client needs to be metered over HTTP, before its first call. */
const START_BYTES_MAX = 15_000;
/** The same with everything that is loaded when it is needed. */
const WHOLE_BYTES_MAX = 46_000;

const ENTRY = "export { connect, denialOf, isDenied } from './src/index.ts';";

test('what has to be there before the first call is less than 15 kB', async () => {
  const bytes = gzipBytes(await bundledAtStart(ENTRY));
  expect(bytes).toBeLessThan(START_BYTES_MAX);
  // So that a bundle that lacks half of it does not pass.
  expect(bytes).toBeGreaterThan(5_000);
});

test('the whole client is less than 46 kB', async () => {
  expect(gzipBytes(await bundled(ENTRY))).toBeLessThan(WHOLE_BYTES_MAX);
});

test.each([
  ['the client', ENTRY],
  ['the wrapper of Anthropic’s client', "export * from './src/anthropic/index.ts';"],
  ['the meter of open connections', "export * from './src/realtime/index.ts';"],
  ['a journal of one’s own', "export * from './src/commits/index.ts';"],
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
