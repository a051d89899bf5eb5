/** `keys.*` over HTTP: a key comes out of `keys.open` and of nothing else, whatever is sent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryOwnKeyStore } from '../../src/own-keys/memory-own-key-store.ts';
import { ringTextOf } from '../own-keys/ring-for-test.ts';
import { idOf } from '../support/test-service.ts';
import { type Answer, startTestServer, type TestServer } from '../support/test-server.ts';

/** What no log and no answer may hold; not written like the keys that redaction knows by their looks. */
const CANARY = 'canary~0123456789~abcdefghij';
const user = 'alice';

let server: TestServer;
let store: MemoryOwnKeyStore;
beforeEach(async () => {
  store = new MemoryOwnKeyStore();
  server = await startTestServer({ ownKeySecrets: ringTextOf('k1'), ownKeys: store });
});
afterEach(() => server.bursar.close());

const dataOf = ({ body, text }: Answer): Readonly<Record<string, unknown>> => {
  if (body.result === undefined) throw new Error(text);
  return body.result.data;
};

describe('a registered key', () => {
  it('is shown by its hint, listed page by page, and opened by whoever meters', async () => {
    const registered = dataOf(await server.post('keys.register', { user, key: CANARY }));
    expect(registered).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      user,
      provider: 'openai',
      hint: '…ghij',
      stored: true,
      registeredAt: new Date(server.time.nowMs()).toISOString(),
      rejected: null,
      revokedAt: null,
    });
    const bob = { user: 'bob', provider: 'groq', key: `${CANARY}2` };
    const { id: second } = dataOf(await server.post('keys.register', bob));
    const page = dataOf(await server.get('keys.list', { limit: 1 }));
    expect(page).toEqual({ keys: [registered], next: registered['id'] });
    const rest = dataOf(await server.get('keys.list', { limit: 1, after: page['next'] }));
    expect(rest).toMatchObject({ keys: [{ id: second, user: 'bob' }], next: null });
    const reservation = await paidByKey(server);
    const opened = await server.post('keys.open', { user, reservation });
    expect(dataOf(opened)).toEqual({ id: registered['id'], key: CANARY });
    expect(opened.headers.get('cache-control')).toBe('no-store');
  });

  it('is rejected by its id and revoked by its user; both are shown', async () => {
    const { id } = dataOf(await server.post('keys.register', { user, key: CANARY }));
    const reservation = await paidByKey(server);
    expect(dataOf(await server.post('keys.reject', { user, id, reason: 'invalid' }))).toEqual({
      rejected: true,
    });
    const opened = await server.post('keys.open', { user, reservation });
    expect([opened.status, opened.body.error?.data.code]).toEqual([404, 'own_key_not_found']);
    expect(dataOf(await server.post('keys.revoke', { user }))).toEqual({ id });
    expect(dataOf(await server.post('keys.revoke', { user }))).toEqual({ id: null });
    expect(dataOf(await server.get('keys.list', {}))).toEqual({ keys: [], next: null });
    const at = new Date(server.time.nowMs()).toISOString();
    expect(dataOf(await server.get('keys.list', { all: true }))).toMatchObject({
      keys: [{ id, stored: false, rejected: { at, reason: 'invalid' }, revokedAt: at }],
    });
  });

  it('is opened for an open call that it pays for, and for nothing else', async () => {
    await server.post('keys.register', { user, key: CANARY });
    const codeOf = async (message: object) =>
      (await server.post('keys.open', { user, ...message })).body.error?.data.code;
    const reservation = await paidByKey(server);
    expect(await codeOf({ reservation })).toBeUndefined();
    expect(await codeOf({})).toBe('input_invalid');
    expect(await codeOf({ reservation: idOf(77) })).toBe('reservation_not_found');
    // One that the service pays for, and one of somebody else.
    const small = { user, provider: 'openai', model: 'test-model', amountUsd: '0.01' };
    await server.post('meter.reserve', { ...small, reservation: idOf(78), mayUseOwnKey: true });
    expect(await codeOf({ reservation: idOf(78) })).toBe('own_key_not_found');
    await server.post('keys.register', { user: 'bob', key: `${CANARY}2` });
    expect(await codeOf({ user: 'bob', reservation })).toBe('own_key_not_found');
    // A key that took the place of the one that pays is not meant.
    await server.post('keys.register', { user, key: `${CANARY}3` });
    expect(await codeOf({ reservation })).toBe('own_key_not_found');
    await server.post('keys.register', { user, key: CANARY });
    const again = await paidByKey(server);
    await server.post('meter.release', { reservation: again });
    expect(await codeOf({ reservation: again })).toBe('reservation_already_released');
  });

  it('is opened by POST only, so that nothing in between keeps the answer', async () => {
    await server.post('keys.register', { user, key: CANARY });
    const reservation = await paidByKey(server);
    const answer = await server.get('keys.open', { user, reservation });
    expect(answer.body.error?.data.code).toBe('route_not_found');
  });

  it('is not opened on a server without secrets, which says how to get some', async () => {
    await using bare = await startTestServer();
    expect(dataOf(await bare.post('keys.register', { user, key: CANARY }))['stored']).toBe(false);
    const reservation = await paidByKey(bare);
    const { status, body } = await bare.post('keys.open', { user, reservation });
    expect([status, body.error?.data.code]).toEqual([412, 'own_key_unavailable']);
    expect(body.error?.message).toContain('Set BURSAR_OWN_KEY_SECRETS');
  });
});

let reserved = 100;

/** The id of an open call of `user` that is more than any credit: so their key pays. */
async function paidByKey(at: TestServer): Promise<string> {
  reserved += 1;
  const reservation = idOf(reserved);
  const call = { reservation, user, provider: 'openai', model: 'test-model', amountUsd: '500.00' };
  const answer = dataOf(await at.post('meter.reserve', { ...call, mayUseOwnKey: true }));
  expect(answer).toMatchObject({ funding: { source: 'own_key' } });
  return reservation;
}

/** Ways to send a key wrongly. */
const HOSTILE: readonly (readonly [what: string, procedure: string, input: unknown])[] = [
  ['a line break in it', 'keys.register', { user, key: `${CANARY}\n` }],
  ['a blank in it', 'keys.register', { user, key: `${CANARY} x` }],
  ['a NUL in it', 'keys.register', { user, key: `${CANARY}\0` }],
  ['an umlaut in it', 'keys.register', { user, key: `${CANARY}ä` }],
  ['half a character in it', 'keys.register', `{"user":"alice","key":"${CANARY}\\ud800"}`],
  ['600 characters', 'keys.register', { user, key: CANARY.repeat(22) }],
  ['too few characters', 'keys.register', { user, key: 'canary~' }],
  ['a list around it', 'keys.register', { user, key: [CANARY] }],
  ['an object around it', 'keys.register', { user, key: { [CANARY]: CANARY } }],
  ['no user', 'keys.register', { key: CANARY }],
  ['it as the user', 'keys.register', { user: `${CANARY}\n`, key: CANARY }],
  ['it as the provider', 'keys.register', { user, provider: CANARY, key: CANARY }],
  ['it as a field', 'keys.register', { user, key: CANARY, [CANARY]: 1 }],
  ['it as the whole message', 'keys.register', JSON.stringify(CANARY)],
  ['it without quotes', 'keys.register', `{"user":"alice","key":${CANARY}}`],
  ['it and nothing else', 'keys.register', CANARY],
  ['it as an id', 'keys.reject', { user, id: CANARY, reason: 'invalid' }],
  ['it as a reason', 'keys.reject', { user, id: CANARY, reason: CANARY }],
  ['it to be opened', 'keys.open', { user, reservation: idOf(1), key: CANARY }],
  ['it as a reservation', 'keys.open', { user, reservation: CANARY }],
  ['it as a procedure', `keys.${CANARY}`, { user }],
];

describe('a key that is sent wrongly', () => {
  it.each(HOSTILE)('with %s is refused, and neither answer nor log shows it', async (...sent) => {
    const [, procedure, input] = sent;
    const { status, text } = await server.post(procedure, input);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(text).not.toContain('canary');
    expect(server.log.join('')).not.toContain('canary');
    expect(await store.list({ all: true, limit: 9 })).toEqual([]);
  });
});

describe('when something breaks while a key is in hand', () => {
  it.each([
    ['a bug', () => new TypeError('cannot read properties of undefined')],
    [
      'a store that is away',
      () => Object.assign(new Error('ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    ],
  ])('%s shows no key', async (_title, error) => {
    store.put = async () => {
      throw error();
    };
    const { status, text } = await server.post('keys.register', { user, key: CANARY });
    expect(status).toBeGreaterThanOrEqual(500);
    expect(text).not.toContain('canary');
    expect(server.log.length).toBeGreaterThan(0);
    expect(server.log.join('')).not.toContain('canary');
  });
});

it('a whole life of a key leaves nothing of it in the log', async () => {
  const { id } = dataOf(await server.post('keys.register', { user, key: CANARY }));
  const reservation = await paidByKey(server);
  await server.post('keys.open', { user, reservation });
  await server.get('keys.list', { all: true });
  await server.post('keys.reject', { user, id, reason: 'forbidden' });
  await server.post('keys.open', { user, reservation });
  await server.post('keys.revoke', { user });
  expect(server.log.join('')).not.toContain('canary');
});
