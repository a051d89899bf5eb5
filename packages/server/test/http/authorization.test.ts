/**
 * Every procedure with every kind of token. The procedures come from the router itself: one without an
 * expectation here fails, so that none can be added without saying who may call it.
 */
import { appRouter, TOKEN_SCOPES } from '@bursar/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventStream } from '../support/event-stream.ts';
import { idOf } from '../support/test-service.ts';
import {
  authorization,
  BOOTSTRAP_TOKEN,
  startTestServer,
  type TestServer,
} from '../support/test-server.ts';

interface Expectation {
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly scope: 'meter' | 'read' | 'admin' | 'operator';
  readonly input: object;
  /** What a token of another tenant gets, which has the same scopes and sees none of our things. */
  readonly elsewhere: 'allowed' | 'reservation_not_found' | 'own_key_not_found' | 'policy_conflict';
  /** What a caller gets who may call it; default `allowed`. */
  readonly otherwise?: Expectation['elsewhere'];
}

const user = 'alice';
const reservation = idOf(1);

const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  'meter.reserve': {
    type: 'mutation',
    scope: 'meter',
    input: { reservation: idOf(2), user, model: 'test-model', amountUsd: '0.01' },
    elsewhere: 'allowed',
  },
  'meter.extend': {
    type: 'mutation',
    scope: 'meter',
    input: { reservation, ttlMs: 3_600_000 },
    elsewhere: 'reservation_not_found',
  },
  'meter.settle': {
    type: 'mutation',
    scope: 'meter',
    input: { reservation, costUsd: '0.01', final: false },
    elsewhere: 'reservation_not_found',
  },
  'meter.release': {
    type: 'mutation',
    scope: 'meter',
    input: { reservation: idOf(3) },
    elsewhere: 'reservation_not_found',
  },
  'usage.current': { type: 'query', scope: 'read', input: { user }, elsewhere: 'allowed' },
  'usage.history': { type: 'query', scope: 'read', input: { user }, elsewhere: 'allowed' },
  'usage.live': { type: 'subscription', scope: 'read', input: { user }, elsewhere: 'allowed' },
  'limits.get': { type: 'query', scope: 'read', input: { user }, elsewhere: 'allowed' },
  'limits.set': {
    type: 'mutation',
    scope: 'admin',
    input: { user, limitUsd: '1.00' },
    elsewhere: 'allowed',
  },
  'keys.register': {
    type: 'mutation',
    scope: 'admin',
    input: { user: 'bob', key: 'sk-a-key-of-bob-0123456789' },
    elsewhere: 'allowed',
  },
  'keys.list': { type: 'query', scope: 'admin', input: { user }, elsewhere: 'allowed' },
  'keys.open': {
    type: 'mutation',
    scope: 'meter',
    input: { user, reservation: idOf(4) },
    elsewhere: 'reservation_not_found',
  },
  'keys.reject': {
    type: 'mutation',
    scope: 'meter',
    input: { user, id: reservation, reason: 'invalid' },
    elsewhere: 'allowed',
  },
  'keys.revoke': { type: 'mutation', scope: 'admin', input: { user }, elsewhere: 'allowed' },
  'limits.clear': { type: 'mutation', scope: 'admin', input: { user }, elsewhere: 'allowed' },
  'budgets.grant': {
    type: 'mutation',
    scope: 'admin',
    input: { user, key: 'gift', amountUsd: '0.10', reason: 'a present' },
    elsewhere: 'allowed',
  },
  'budgets.adjust': {
    type: 'mutation',
    scope: 'admin',
    input: { user, key: 'late', amountUsd: '0.10', reason: 'was forgotten' },
    elsewhere: 'allowed',
  },
  'policies.get': { type: 'query', scope: 'operator', input: {}, elsewhere: 'allowed' },
  'policies.promotions': { type: 'query', scope: 'operator', input: {}, elsewhere: 'allowed' },
  'policies.put': {
    type: 'mutation',
    scope: 'operator',
    input: {
      expectedVersion: 7,
      document: {
        version: 8,
        defaults: { budgets: [{ name: 'credit', on: { kind: 'user' }, limitUsd: '1.00' }] },
      },
    },
    elsewhere: 'policy_conflict',
    otherwise: 'policy_conflict',
  },
  'policies.explain': { type: 'query', scope: 'admin', input: { user }, elsewhere: 'allowed' },
};

const RING = `k1:${Buffer.alloc(32, 1).toString('base64')}`;

const TOKENS = [
  'none',
  'malformed',
  'unknown',
  'wrong secret',
  'revoked',
  'meter',
  'read',
  'admin',
  'operator',
  'all scopes',
  'another tenant',
  'bootstrap',
] as const;

let server: TestServer;
const tokens = new Map<string, string | null>();

beforeAll(async () => {
  server = await startTestServer({ logLevel: 'silent', ownKeySecrets: RING });
  const good = await server.tokenFor(TOKEN_SCOPES);
  const revoked = await server.tokenFor(['meter', 'read', 'admin']);
  await server.tokens.revoke(revoked.split('_')[2] ?? '', server.time.nowMs());
  const wrong = `${good.slice(0, -8)}${good.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;
  tokens.set('none', null);
  tokens.set('malformed', 'bk_live_nonsense');
  tokens.set('unknown', good.replace(/_[0-9a-f]{16}_/, '_0123456789abcdef_'));
  tokens.set('wrong secret', wrong);
  tokens.set('revoked', revoked);
  for (const scope of TOKEN_SCOPES) {
    tokens.set(scope, await server.tokenFor([scope]));
  }
  tokens.set('all scopes', good);
  tokens.set('another tenant', await server.tokenFor(TOKEN_SCOPES, 'other'));
  // The bootstrap token's tenant is `default`, so to it our things are another tenant's, too.
  tokens.set('bootstrap', BOOTSTRAP_TOKEN);
  await server.post('keys.register', { user, key: 'sk-a-key-of-alice-0123456789' }, good);
  // More than there is: the key pays for it.
  const byKey = { reservation: idOf(4), user, provider: 'openai', model: 'test-model' };
  const ownKey = { amountUsd: '500.00', ttlMs: 3_600_000, mayUseOwnKey: true };
  await server.post('meter.reserve', { ...byKey, ...ownKey }, good);
  for (const id of [reservation, idOf(3)]) {
    // Longer than all the waiting below.
    const ttlMs = 3_600_000;
    const call = { reservation: id, user, model: 'test-model', amountUsd: '0.05', ttlMs };
    await server.post('meter.reserve', call, good);
  }
});

afterAll(() => server.bursar.close());

/** `allowed`, or the code of the refusal. */
async function answerOf(name: string, { type, input }: Expectation, token: string | null) {
  if (type === 'subscription') {
    const query = `input=${encodeURIComponent(JSON.stringify(input))}`;
    const stream = await openEventStream(
      `${server.url}/trpc/${name}?${query}`,
      authorization(token),
    );
    const first = await stream.next();
    stream.close();
    if (first?.event !== 'serialized-error') return 'allowed';
    return (first.data as { data: { code: string } }).data.code;
  }
  const { body } = await server[type === 'query' ? 'get' : 'post'](name, input, token);
  return body.error?.data.code ?? 'allowed';
}

function expectedFor(
  token: string,
  { scope, elsewhere, otherwise = 'allowed' }: Expectation,
): string {
  switch (token) {
    case 'none':
    case 'malformed':
    case 'unknown':
    case 'wrong secret':
    case 'revoked':
      return 'unauthorized';
    case 'another tenant':
    case 'bootstrap':
      return elsewhere;
    default:
      return token === 'all scopes' || token === scope ? otherwise : 'forbidden';
  }
}

describe('the router', () => {
  it('has no procedure without an expectation, and no expectation is for nothing', () => {
    expect(Object.keys(appRouter._def.procedures).toSorted()).toEqual(
      Object.keys(EXPECTATIONS).toSorted(),
    );
  });
});

describe.each(Object.keys(appRouter._def.procedures))('%s', (name) => {
  it.each(TOKENS)('answers a caller with the token "%s" as it should', async (token) => {
    const expectation = EXPECTATIONS[name];
    if (expectation === undefined) throw new Error(`nobody said who may call ${name}`);
    const answer = await answerOf(name, expectation, tokens.get(token) ?? null);
    expect(answer).toBe(expectedFor(token, expectation));
    // So that the failed sign-ins of these tests do not block their own address.
    if (answer !== 'unauthorized') return;
    await server.time.advance(60_000);
    // Which takes hours, and the call that the own key pays for is to go on.
    const beat = { reservation: idOf(4), ttlMs: 3_600_000, dispatched: true };
    await server.post('meter.extend', beat, tokens.get('all scopes'));
  });
});

describe('refusals', () => {
  it('are the same for an unknown token and a wrong secret', async () => {
    const answers = await Promise.all(
      ['unknown', 'wrong secret', 'revoked'].map((token) =>
        server.get('usage.current', { user }, tokens.get(token)),
      ),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('are decided for each call of a batch', async () => {
    const input = encodeURIComponent(JSON.stringify({ 0: { user }, 1: { user } }));
    const url = `${server.url}/trpc/usage.current,limits.get?batch=1&input=${input}`;
    const response = await fetch(url, { headers: authorization(tokens.get('meter') ?? null) });
    const answers = (await response.json()) as { error: { data: { code: string } } }[];
    expect(answers.map(({ error }) => error.data.code)).toEqual(['forbidden', 'forbidden']);
  });
});
