/**
 * The same for Anthropic's client: a wrapped one and a bare one are asked for the same, and answer the same, in every
 * way that a call can go.
 */
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrapAnthropic } from '../../src/anthropic/index.ts';
import { prompt } from '../support/world.ts';
import { type CallOptions, openPair, type Pair } from './pair.ts';
import { WAYS } from './ways.ts';

const MODEL = 'claude-sonnet-4-6';
const request = { model: MODEL, max_tokens: 40, messages: [prompt(5)] };
const schema = {
  type: 'object' as const,
  properties: { city: { type: 'string', const: 'Seoul' } },
  required: ['city'],
};

async function all(stream: PromiseLike<AsyncIterable<unknown>>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const item of await stream) seen.push(item);
  return seen;
}

type Method = (anthropic: Anthropic, options: CallOptions) => Promise<unknown>;

const METHODS: Readonly<Record<string, Method>> = {
  'messages.create': (anthropic, options) => anthropic.messages.create(request, options),
  'messages.create, streamed': (anthropic, options) =>
    all(anthropic.messages.create({ ...request, stream: true }, options)),
  'messages.create, with a tool': (anthropic, options) =>
    anthropic.messages.create(
      { ...request, tools: [{ name: 'weather', input_schema: schema }] },
      options,
    ),
  'messages.create, with its response': async (anthropic, options) => {
    const { data, response, request_id } = await anthropic.messages
      .create(request, options)
      .withResponse();
    return [data, response.status, [...response.headers.keys()], typeof request_id];
  },
  'messages.create, as a response': async (anthropic, options) =>
    await (await anthropic.messages.create(request, options).asResponse()).text(),
  'messages.stream': async (anthropic, options) => {
    const stream = anthropic.messages.stream(request, options);
    const pieces: string[] = [];
    stream.on('text', (piece) => pieces.push(piece));
    return [await stream.finalMessage(), pieces];
  },
  'beta.messages.create': (anthropic, options) => anthropic.beta.messages.create(request, options),
  'messages.countTokens': (anthropic, options) =>
    anthropic.messages.countTokens({ model: MODEL, messages: [prompt(5)] }, options),
  'models.list': (anthropic, options) => all(anthropic.models.list({}, options)),
  'a request that the provider refuses': (anthropic, options) =>
    anthropic.messages.create({ ...request, messages: [] }, options),
};

let pair: Pair;
beforeAll(async () => {
  pair = await openPair();
});
afterAll(() => pair.close());

describe.each(Object.entries(WAYS))('%s', (_way, way) => {
  const plain = (url: string): Anthropic =>
    new Anthropic({
      apiKey: 'sk-ant-test',
      baseURL: url.replace(/\/v1$/, ''),
      maxRetries: 0,
      ...way.client,
    });

  test.each(Object.entries(METHODS))('%s', async (_method, method) => {
    const wrap = (anthropic: Anthropic): Anthropic =>
      wrapAnthropic(pair.bursar, anthropic, { user: 'alice' });
    const bare = await pair.tried((url, options) => method(plain(url), options), way);
    const wrapped = await pair.tried((url, options) => method(wrap(plain(url)), options), way);
    expect(wrapped).toEqual(bare);
  });
});

test('afterwards nothing is left set aside', async () => {
  expect(await pair.reservedUsd()).toBe('0.00');
});
