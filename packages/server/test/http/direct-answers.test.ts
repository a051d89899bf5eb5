/**
 * What is answered without tRPC's adapter is answered as with it: status, headers, body, and what is left behind.
 *
 * Two servers with the same clock get the same requests in the same order. One header, which changes nothing else,
 * makes the second one answer everything by the adapter.
 */
import { request } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenScope } from '@bursar/api';
import { idOf } from '../support/test-service.ts';
import { BOOTSTRAP_TOKEN, startTestServer, type TestServer } from '../support/test-server.ts';

/** Is answered by the adapter, whatever it is. */
const BY_ADAPTER = { 'trpc-accept': 'application/json' };
/** Differ from one answer to the next, or say how a body is framed. */
const HEADERS_OF_TRANSPORT = new Set(['date', 'connection', 'keep-alive']);
const HEADERS_OF_FRAMING = new Set(['content-length', 'transfer-encoding']);

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | undefined;
}

interface Seen {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Whether the body came in one piece, as the adapter never sends it. */
  readonly isDirect: boolean;
}

function send(server: TestServer, { method, path, headers, body }: Sent): Promise<Seen> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const seen = Object.entries(response.headers).filter(
          ([name]) => !HEADERS_OF_TRANSPORT.has(name) && !HEADERS_OF_FRAMING.has(name),
        );
        resolve({
          status: response.statusCode,
          headers: Object.fromEntries(seen),
          body: text.replace(/error id [0-9a-f-]{36}/g, 'error id'),
          isDirect: response.headers['content-length'] !== undefined,
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Two servers that know the same tokens, and the tokens. */
async function openPair() {
  const pair = [
    await startTestServer({ logLevel: 'silent' }),
    await startTestServer({ logLevel: 'silent' }),
  ] as const;
  const tokenFor = async (scopes: readonly TokenScope[]): Promise<string> => {
    const token = await pair[0].tokenFor(scopes);
    for (const record of await pair[0].tokens.list()) await pair[1].tokens.add(record);
    return token;
  };
  return {
    pair,
    tokens: {
      all: BOOTSTRAP_TOKEN,
      meter: await tokenFor(['meter']),
      read: await tokenFor(['read']),
      wrong: `${await tokenFor(['admin'])}x`,
    },
    /** What both answer; fails when it is not the same. */
    async ask(sent: Sent): Promise<Seen> {
      const [direct, stock] = await Promise.all([
        send(pair[0], sent),
        send(pair[1], { ...sent, headers: { ...sent.headers, ...BY_ADAPTER } }),
      ]);
      const { isDirect: _direct, ...seen } = direct;
      const { isDirect: _stock, ...expected } = stock;
      expect(seen).toEqual(expected);
      return direct;
    },
    async [Symbol.asyncDispose]() {
      for (const server of pair) await server.bursar.close();
    },
  };
}

const smallNumber = fc.integer({ min: 0, max: 6 });
const reservation = fc.oneof(
  { weight: 9, arbitrary: smallNumber.map(idOf) },
  { weight: 1, arbitrary: fc.constantFrom('x', '', 7, null) },
);
const user = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('alice', 'bob', 'ä b') },
  { weight: 1, arbitrary: fc.constantFrom('', ' x', 5) },
);
const usd = fc.constantFrom('0.10', '0.40', '0.000000001', '2', '-1', 'x');
const model = fc.constantFrom('test-model', 'nobody-knows', 'no model');

const mutations = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      path: fc.constant('meter.reserve'),
      input: fc.record({ reservation, user, model, amountUsd: usd }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      path: fc.constant('meter.settle'),
      input: fc.record({ reservation, costUsd: usd }),
    }),
  },
  fc.record({ path: fc.constant('meter.release'), input: fc.record({ reservation }) }),
  fc.record({
    path: fc.constant('meter.extend'),
    input: fc.record({ reservation, ttlMs: fc.constantFrom(60_000, 1) }),
  }),
  fc.record({
    path: fc.constantFrom('limits.set', 'keys.list', 'policies.put'),
    input: fc.record({ user, limitUsd: usd }),
  }),
);
const queries = fc.oneof(
  fc.record({
    path: fc.constantFrom('usage.current', 'usage.history', 'limits.get'),
    input: fc.record({ user }),
  }),
  fc.record({
    path: fc.constantFrom('policies.get', 'policies.promotions'),
    input: fc.constant({}),
  }),
);
const strange = fc.record({
  path: fc.constantFrom(
    'meter.nothing',
    'meter',
    'a',
    'usage.live',
    '__proto__',
    'meter.reserve/x',
  ),
  input: fc.oneof(fc.constant({ user: 'alice' }), fc.jsonValue(), fc.constant(undefined)),
});
type Call = { readonly path: string; readonly input: unknown };
const calls: fc.Arbitrary<readonly Call[]> = fc.oneof(
  { weight: 6, arbitrary: fc.array(mutations, { minLength: 1, maxLength: 5 }) },
  { weight: 3, arbitrary: fc.array(queries, { minLength: 1, maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.oneof(mutations, queries, strange), { minLength: 1, maxLength: 4 }),
  },
);
const sender = fc.oneof(
  { weight: 12, arbitrary: fc.constant('all' as const) },
  { weight: 4, arbitrary: fc.constantFrom('meter' as const, 'read' as const) },
  { weight: 1, arbitrary: fc.constantFrom('wrong' as const, 'none' as const, 'basic' as const) },
);
const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Application/JSON; charset=utf-8',
      'text/plain',
      'application/jsonx',
    ),
  },
);
/** What may be wrong with the text that a correct client would send. */
const damage = fc.oneof(
  { weight: 15, arbitrary: fc.constant((json: string) => json) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      () => '',
      () => '{',
      () => 'null',
      () => '[]',
      () => '7',
      (json: string) => `${json} x`,
      (json: string) => `\uFEFF${json}`,
      () => '{"0":null,"1":{}}',
    ),
  },
);
const requests = fc.record({
  calls,
  sender,
  contentType,
  damage,
  method: fc.oneof(
    { weight: 15, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD') },
  ),
  isBatch: fc.boolean(),
  tail: fc.oneof(
    { weight: 15, arbitrary: fc.constant('') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('&x=1', '&input=%7B%7D', '&batch=0', '%', '&input=%FF'),
    },
  ),
});

type Pair = Awaited<ReturnType<typeof openPair>>;
type Drawn = typeof requests extends fc.Arbitrary<infer Value> ? Value : never;

function built(drawn: Drawn, tokens: Pair['tokens']): Sent {
  const isBatch = drawn.isBatch || drawn.calls.length > 1;
  const method = drawn.method ?? (isQuery(drawn.calls[0]) ? 'GET' : 'POST');
  const inputs = isBatch
    ? Object.fromEntries(drawn.calls.map(({ input }, index) => [index, input]))
    : drawn.calls[0]?.input;
  const json = drawn.damage(JSON.stringify(inputs) ?? '');
  const paths = drawn.calls.map(({ path }) => path).join(',');
  const search = [
    ...(isBatch ? ['batch=1'] : []),
    ...(method === 'GET' ? [`input=${encodeURIComponent(json)}`] : []),
  ].join('&');
  const authorization = {
    ...tokens,
    none: undefined,
    basic: 'x',
  }[drawn.sender];
  return {
    method,
    path: `/trpc/${paths}${search === '' && drawn.tail === '' ? '' : `?${search}${drawn.tail}`}`,
    headers: {
      ...(authorization !== undefined && {
        authorization: drawn.sender === 'basic' ? 'Basic x' : `Bearer ${authorization}`,
      }),
      ...(method === 'POST' && { 'content-type': drawn.contentType }),
    },
    ...(method === 'POST' && { body: json }),
  };
}

function isQuery(call: Call | undefined): boolean {
  return call !== undefined && /^(usage|limits\.get|policies\.(get|promotions))/.test(call.path);
}

describe('an answer without the adapter', () => {
  it('is the one that the adapter gives, to every request, and leaves the same behind', async () => {
    await using world = await openPair();
    let direct = 0;
    let all = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 8 }), async (drawn) => {
        for (const one of drawn) {
          const { isDirect } = await world.ask(built(one, world.tokens));
          all += 1;
          if (isDirect) direct += 1;
        }
      }),
      { numRuns: 120 },
    );
    // So that this does not hold because nothing is answered directly, or everything.
    expect(direct / all).toBeGreaterThan(0.5);
    expect(direct).toBeLessThan(all);
  });

  const post = (path: string, headers: Record<string, string>, body: string | Buffer): Sent => ({
    method: 'POST',
    path: `/trpc/${path}`,
    headers: {
      authorization: `Bearer ${BOOTSTRAP_TOKEN}`,
      'content-type': 'application/json',
      ...headers,
    },
    body,
  });
  const call = JSON.stringify({ user: 'alice', limitUsd: '3' });

  it.each([
    ['a body that is too large', post('limits.set', {}, `{"user":"${'a'.repeat(70_000)}"}`)],
    ['a body that is no UTF-8', post('limits.set', {}, Buffer.from([0x22, 0xff, 0x22]))],
    ['a body in pieces', post('limits.set', { 'transfer-encoding': 'chunked' }, call)],
    ['101 calls', post(`${Array(101).fill('limits.set').join(',')}?batch=1`, {}, '{}')],
    ['100 calls', post(`${Array(100).fill('limits.set').join(',')}?batch=1`, {}, '{}')],
    ['encoded commas', post('limits.set%2Climits.set?batch=1', {}, `{"0":${call}}`)],
    ['an encoded path', post('%6cimits.set', {}, call)],
    ['a path with dots', post('../trpc/limits.set', {}, call)],
    ['two queries', post('limits.set?batch=1?batch=1', {}, call)],
  ])('is the same for %s', async (_what, sent) => {
    await using world = await openPair();
    await world.ask(sent);
  });

  it('is the same when an address has failed to sign in too often, and when it may again', async () => {
    await using world = await openPair();
    const stranger = post('limits.set', { authorization: `Bearer ${world.tokens.wrong}` }, call);
    const seen = new Set<number | undefined>();
    for (let time = 0; time < 35; time += 1) seen.add((await world.ask(stranger)).status);
    expect([...seen]).toEqual([401, 429]);
    for (const { time } of world.pair) await time.advance(60_001);
    expect(await world.ask(stranger)).toMatchObject({ status: 401, isDirect: true });
  });

  it('is the same when the store of tokens is away, and when there is a bug', async () => {
    await using world = await openPair();
    const good = post('limits.set', { authorization: `Bearer ${world.tokens.read}` }, call);
    const broken = post('meter.reserve,limits.get?batch=1', {}, '{"0":{},"1":{}}');
    for (const { tokens } of world.pair) {
      tokens.find = async () => {
        throw new TypeError('away');
      };
    }
    expect(await world.ask(good)).toMatchObject({ status: 500, isDirect: true });
    await world.ask(broken);
    for (const { tier } of world.pair) {
      tier.execute = async () => {
        throw new TypeError('a bug');
      };
    }
    const reserve = { reservation: idOf(1), user: 'alice', model: 'test-model', amountUsd: '0.10' };
    const bug = await world.ask(post('meter.reserve', {}, JSON.stringify(reserve)));
    expect(bug).toMatchObject({ status: 500, isDirect: true });
  });
});
