/**
 * A wrapped client and a bare one are asked for the same, and answer the same: every metered method, in every way that
 * a call can go. Only calls that Bursar refuses differ, and of those there are none here.
 */
import { type Provider, startProvider } from '@bursar/local-provider';
import { type Bursar as Server, createBursar } from '@bursar/server';
import OpenAI, { type ClientOptions } from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bursar, connect } from '../../src/index.ts';
import { type CallOptions, type Method, METHODS } from './methods.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

const CLIENTS: readonly (readonly [string, typeof OpenAI])[] = [
  ['openai 7', OpenAI],
  // The same methods; its types are another package's.
  ['openai 6', OpenAI6 as unknown as typeof OpenAI],
];

/** Ways that a call can go. */
interface Way {
  readonly headers?: Readonly<Record<string, string>>;
  readonly client?: ClientOptions;
  /** Whether the caller leaves once the provider has the call, or has left before. */
  readonly leaves?: 'before' | 'during';
}

const refused = (status: number): Way => ({ headers: { 'x-provider-status': String(status) } });

const WAYS: Readonly<Record<string, Way>> = {
  'as it should': {},
  'in chunks of several tokens': { headers: { 'x-provider-tokens-per-chunk': '7' } },
  'with reasoning and cached tokens': {
    headers: { 'x-provider-reasoning-tokens': '4', 'x-provider-cached-tokens': '2' },
  },
  'without usage': { headers: { 'x-provider-no-usage': '1' } },
  'refused with 400': refused(400),
  'refused with 401': refused(401),
  'refused with 403': refused(403),
  'refused with 404': refused(404),
  'refused with 409': refused(409),
  'refused with 422': refused(422),
  'refused with 429': refused(429),
  'refused with 500': refused(500),
  'refused with 503': refused(503),
  'refused twice, then answered': {
    headers: { 'x-provider-status': '500,409,200', 'x-provider-retry-after': '0' },
    client: { maxRetries: 2 },
  },
  'refused until it gives up': {
    headers: { 'x-provider-status': '429', 'x-provider-retry-after': '0' },
    client: { maxRetries: 1 },
  },
  'cut by the provider': { headers: { 'x-provider-cut-after': '3' } },
  'without an answer in time': {
    headers: { 'x-provider-hang': '1' },
    client: { timeout: 60 },
  },
  'left before it is sent': { leaves: 'before' },
  'left while it is on its way': { headers: { 'x-provider-hang': '1' }, leaves: 'during' },
};

let provider: Provider;
let server: Server;
let bursar: Bursar;
beforeAll(async () => {
  provider = await startProvider();
  server = await createBursar({ store: { kind: 'memory' }, defaultLimitUsd: '1000000.00' });
  bursar = connect({ caller: server.caller({ tenant: 'default' }) });
});
afterAll(async () => {
  await provider.close();
  await bursar.close();
  await server.close();
});

async function tried(client: OpenAI, method: Method, way: Way): Promise<Outcome> {
  const before = provider.totals().arrived;
  const leaving = new AbortController();
  if (way.leaves === 'before') leaving.abort();
  if (way.leaves === 'during') void provider.arrived(before + 1).then(() => leaving.abort());
  const options: CallOptions = {
    ...(way.headers === undefined ? {} : { headers: way.headers }),
    ...(way.leaves === undefined ? {} : { signal: leaving.signal }),
  };
  return await outcomeOf(
    () => method(client, options),
    async () => {
      await bursar.settled();
      await provider.ended(provider.totals().arrived);
      return provider.calls.slice(before);
    },
  );
}

describe.each(CLIENTS)('%s', (_name, Client) => {
  describe.each(Object.entries(WAYS))('%s', (_way, way) => {
    const plain = (): OpenAI =>
      new Client({ apiKey: 'sk-test', baseURL: provider.url, maxRetries: 0, ...way.client });

    test.each(Object.entries(METHODS))('%s', async (_method, method) => {
      const bare = await tried(plain(), method, way);
      const wrapped = await tried(bursar.wrap(plain(), { user: 'alice' }), method, way);
      expect(wrapped).toEqual(bare);
    });
  });

  test('afterwards nothing is left set aside', async () => {
    await bursar.settled();
    const { reservedUsd } = await bursar.usage.current({ user: 'alice' });
    expect(reservedUsd).toBe('0.00');
  });
});
