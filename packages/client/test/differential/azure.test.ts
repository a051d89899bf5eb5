/** The same for Azure's client, whose requests name deployments. */
import { AzureOpenAI } from 'openai';
import { AzureOpenAI as AzureOpenAI6 } from 'openai-6';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL, prompt } from '../support/world.ts';
import { type CallOptions, openPair, type Pair } from './pair.ts';
import { WAYS } from './ways.ts';

const DEPLOYMENT = `prod-${MODEL}`;
const chat = { model: DEPLOYMENT, messages: [prompt(5)], max_completion_tokens: 40 };

const CLIENTS: readonly (readonly [string, typeof AzureOpenAI])[] = [
  ['openai 7', AzureOpenAI],
  // The same methods; its types are another package's.
  ['openai 6', AzureOpenAI6 as unknown as typeof AzureOpenAI],
];

async function all(stream: PromiseLike<AsyncIterable<unknown>>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const item of await stream) seen.push(item);
  return seen;
}

type Method = (azure: AzureOpenAI, options: CallOptions) => Promise<unknown>;

const METHODS: Readonly<Record<string, Method>> = {
  'chat.completions.create': (azure, options) => azure.chat.completions.create(chat, options),
  'chat.completions.create, streamed': (azure, options) =>
    all(azure.chat.completions.create({ ...chat, stream: true }, options)),
  'chat.completions.create, with its response': async (azure, options) => {
    const { data, response } = await azure.chat.completions.create(chat, options).withResponse();
    return [data, response.status, new URL(response.url).pathname, [...response.headers.keys()]];
  },
  'responses.create': (azure, options) =>
    azure.responses.create({ model: DEPLOYMENT, input: 'one', max_output_tokens: 40 }, options),
  'files.create': (azure, options) =>
    azure.files.create({ purpose: 'batch', file: new File(['{}'], 'in.jsonl') }, options),
};

let pair: Pair;
beforeAll(async () => {
  pair = await openPair();
});
afterAll(() => pair.close());

describe.each(CLIENTS)('%s', (_name, Client) => {
  describe.each(Object.entries(WAYS))('%s', (_way, way) => {
    const plain = (url: string): AzureOpenAI =>
      new Client({
        apiKey: 'key',
        apiVersion: '2025-04-01-preview',
        endpoint: url.replace(/\/v1$/, ''),
        maxRetries: 0,
        ...way.client,
      });
    const wrap = (azure: AzureOpenAI): AzureOpenAI =>
      pair.bursar.wrap(azure, { user: 'alice', deployments: { [DEPLOYMENT]: MODEL } });

    test.each(Object.entries(METHODS))('%s', async (_method, method) => {
      const bare = await pair.tried((url, options) => method(plain(url), options), way);
      const wrapped = await pair.tried((url, options) => method(wrap(plain(url)), options), way);
      expect(wrapped).toEqual(bare);
    });
  });
});

test('afterwards nothing is left set aside', async () => {
  expect(await pair.reservedUsd()).toBe('0.00');
});
