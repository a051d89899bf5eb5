/**
 * A wrapped client and a bare one are asked for the same, and answer the same: every metered method, in every way that
 * a call can go. Only calls that Bursar refuses differ, and of those there are none here.
 */
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createsJob, METHODS } from './openai-methods.ts';
import { openPair, type Pair } from './pair.ts';
import { WAYS } from './ways.ts';

const CLIENTS: readonly (readonly [string, typeof OpenAI])[] = [
  ['openai 7', OpenAI],
  // The same methods; its types are another package's.
  ['openai 6', OpenAI6 as unknown as typeof OpenAI],
];

let pair: Pair;
beforeAll(async () => {
  pair = await openPair();
});
afterAll(() => pair.close());

describe.each(CLIENTS)('%s', (_name, Client) => {
  describe.each(Object.entries(WAYS))('%s', (_way, way) => {
    const plain = (baseURL: string): OpenAI =>
      new Client({ apiKey: 'sk-test', baseURL, maxRetries: 0, ...way.client });

    test.each(Object.entries(METHODS))('%s', async (name, method) => {
      const user = createsJob(name) ? 'jobs' : 'alice';
      const wrap = (openai: OpenAI): OpenAI => pair.bursar.wrap(openai, { user });
      const bare = await pair.tried((url, options) => method(plain(url), options), way);
      const wrapped = await pair.tried((url, options) => method(wrap(plain(url)), options), way);
      expect(wrapped).toEqual(bare);
    });
  });

  test('afterwards nothing is left set aside', async () => {
    expect(await pair.reservedUsd()).toBe('0.00');
  });
});
