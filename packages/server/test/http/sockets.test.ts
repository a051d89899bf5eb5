/** Calls over a WebSocket: tRPC's own client, every bound, and how a socket ends. */
import type { AppRouter } from '@bursar/api';
import { createTRPCClient, createWSClient, TRPCClientError, wsLink } from '@trpc/client';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { STREAM_CHECK_MS } from '../../src/http/open-streams.ts';
import { CALLS_UNDER_WAY_MAX, FRAME_MESSAGES_MAX } from '../../src/http/socket/call-socket.ts';
import { PING_MS, STRANGER_MS } from '../../src/http/socket/sockets.ts';
import { settled } from '../support/manual-time.ts';
import { openSocket } from '../support/socket-client.ts';
import { idOf } from '../support/test-service.ts';
import {
  ask,
  authorization,
  BOOTSTRAP_TOKEN,
  startTestServer,
  type TestServer,
} from '../support/test-server.ts';

const reserveInput = (number: number) => ({
  reservation: idOf(number),
  user: 'alice',
  model: 'test-model',
  amountUsd: '0.001',
});
const reserve = (number: number) => ({
  id: number,
  method: 'mutation',
  params: { path: 'meter.reserve', input: reserveInput(number) },
});
const current = (id: number) => ({
  id,
  method: 'query',
  params: { path: 'usage.current', input: { user: 'alice' } },
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** tRPC's own client, that says in its first message who it is. */
function clientOf({ url }: TestServer, token: string) {
  const client = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    WebSocket: WebSocket as never,
    connectionParams: authorization(token),
  });
  return { client, trpc: createTRPCClient<AppRouter>({ links: [wsLink({ client })] }) };
}

describe("tRPC's own client", () => {
  it('gets an answer to each of 200 calls on one socket, and the budget holds exactly', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const { client, trpc } = clientOf(server, await server.tokenFor(['meter', 'read']));
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_none, index) =>
        trpc.meter.reserve.mutate({ ...reserveInput(index), amountUsd: '0.02' }),
      ),
    );
    expect(answers.filter(({ decision }) => decision === 'allowed')).toHaveLength(50);
    expect(await trpc.usage.current.query({ user: 'alice' })).toMatchObject({
      reservedUsd: '1.00',
    });
    await client.close();
  });

  it('can tell refusals apart by code and field', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const { client, trpc } = clientOf(server, await server.tokenFor(['meter']));
    const stranger = clientOf(server, 'nobody');
    const refusalOf = async (call: Promise<unknown>): Promise<unknown> => {
      const error = await call.catch((reason: unknown) => reason);
      return error instanceof TRPCClientError ? error.data : error;
    };
    const settle = { reservation: idOf(1), costUsd: '1' };
    expect(await refusalOf(trpc.meter.settle.mutate(settle))).toEqual({
      code: 'reservation_not_found',
      httpStatus: 404,
      retryable: false,
      field: 'reservation',
    });
    expect(await refusalOf(trpc.limits.get.query({ user: 'alice' }))).toMatchObject({
      code: 'forbidden',
    });
    expect(await refusalOf(stranger.trpc.meter.settle.mutate(settle))).toMatchObject({
      code: 'unauthorized',
    });
    await client.close();
    await stranger.client.close();
  });

  it('follows a budget until it has seen enough', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const { client, trpc } = clientOf(server, await server.tokenFor(['meter', 'read']));
    const seen: string[] = [];
    let end = (): void => {};
    await new Promise<void>((resolve, reject) => {
      const subscription = trpc.usage.live.subscribe(
        { user: 'alice' },
        {
          onData: ({ data }) => {
            seen.push(data.reservedUsd);
            if (seen.length === 1) void trpc.meter.reserve.mutate(reserveInput(1));
            else resolve();
          },
          onError: reject,
        },
      );
      end = () => subscription.unsubscribe();
    });
    end();
    expect(seen).toEqual(['0.00', '0.001']);
    await client.close();
  });
});

describe('a socket', () => {
  it('answers a list of calls one by one, in the words of the answers over HTTP', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const client = await openSocket(server.url, BOOTSTRAP_TOKEN);
    client.send([reserve(1), { ...reserve(3), id: 'x', params: {} }]);
    const first = await client.next(2);
    client.send(current(2));
    const answers = [...first, ...(await client.next(1))];
    expect(client.frames).toHaveLength(3);
    const byHttp = await server.get('usage.current', { user: 'alice' });
    const byId = new Map(answers.map((answer) => [answer.id, answer]));
    expect(byId.get(1)?.result?.data).toMatchObject({ decision: 'allowed' });
    expect(byId.get(2)?.result).toEqual({ type: 'data', data: byHttp.body.result?.data });
    expect(byId.get('x')?.error?.data).toMatchObject({ code: 'input_invalid' });
    client.socket.close();
  });

  it('answers what is ready at once in one frame, to clients that want that', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const { letGo, held } = server.hold();
    const client = await openSocket(server.url, BOOTSTRAP_TOKEN, { search: '?together=1' });
    client.send(Array.from({ length: 20 }, (_none, index) => reserve(index)));
    await until(() => held() === 20);
    letGo();
    expect(await client.next(20)).toHaveLength(20);
    expect(client.frames).toHaveLength(1);
    client.socket.close();
  });

  it.each([
    ['what is no JSON', '{', null, 'input_invalid'],
    ['what is no message', '7', null, 'input_invalid'],
    ['a message without an id', { method: 'query', params: { path: 'a' } }, null, 'input_invalid'],
    ['an id as long as a message', { ...current(1), id: 'x'.repeat(1_000) }, null, 'input_invalid'],
    ['a method that there is not', { ...current(1), method: 'guess' }, 1, 'input_invalid'],
    [
      'a procedure that there is not',
      { ...current(1), params: { path: '__proto__' } },
      1,
      'route_not_found',
    ],
    ['a mutation asked as a query', { ...reserve(1), method: 'query' }, 1, 'route_not_found'],
    [
      'a query asked as a subscription',
      { ...current(1), method: 'subscription' },
      1,
      'route_not_found',
    ],
    [
      'an input that is none',
      { ...reserve(1), params: { path: 'meter.reserve' } },
      1,
      'input_invalid',
    ],
  ])('refuses %s, and goes on', async (_what, message, id, code) => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const client = await openSocket(server.url, BOOTSTRAP_TOKEN);
    client.send(message);
    client.send(current(5));
    const [refusal, answer] = await client.next(2);
    expect({ id: refusal?.id, code: refusal?.error?.data.code }).toEqual({ id, code });
    expect(answer).toMatchObject({ id: 5, result: { data: { reservedUsd: '0.00' } } });
    client.socket.close();
  });

  it('refuses a frame with more than 1,000 messages, message by message', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const client = await openSocket(server.url, BOOTSTRAP_TOKEN);
    client.send(Array.from({ length: FRAME_MESSAGES_MAX + 1 }, (_none, index) => current(index)));
    const answers = await client.next(FRAME_MESSAGES_MAX + 1);
    expect(new Set(answers.map(({ error }) => error?.data.code))).toEqual(
      new Set(['payload_too_large']),
    );
    client.socket.close();
  });

  it.each([
    ['a frame above 256 kB', 'x'.repeat(262_145), 1009],
    ['a binary frame', Buffer.from('{}'), 1003],
  ])('ends over %s', async (_what, frame, code) => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const client = await openSocket(server.url, BOOTSTRAP_TOKEN);
    client.socket.send(frame);
    expect(await client.closed).toBe(code);
  });

  it('is not read while as many calls are under way as may be, and loses none', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const { letGo, held } = server.hold();
    const client = await openSocket(server.url, BOOTSTRAP_TOKEN);
    for (let frame = 0; frame < 20; frame += 1) {
      client.send(Array.from({ length: 100 }, (_none, index) => reserve(frame * 100 + index)));
    }
    await until(() => held() >= CALLS_UNDER_WAY_MAX);
    for (let turn = 0; turn < 50; turn += 1) await settled();
    expect(held()).toBeLessThan(CALLS_UNDER_WAY_MAX + 100);
    letGo();
    const answers = await client.next(2_000);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(2_000);
    client.socket.close();
  });

  it('says PONG to PING, as clients of tRPC ask', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const client = await openSocket(server.url, BOOTSTRAP_TOKEN);
    client.send('PING');
    await until(() => client.frames.length > 0);
    expect(client.frames).toEqual(['PONG']);
    client.socket.close();
  });

  it('ends when the token it began with is revoked', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const token = await server.tokenFor(['read']);
    const client = await openSocket(server.url, token);
    client.send(current(1));
    await client.next(1);
    const [record] = await server.tokens.list();
    await server.tokens.revoke(record?.id ?? '', server.time.nowMs());
    await server.time.advance(2 * STREAM_CHECK_MS);
    expect(await client.closed).toBe(1008);
  });

  it.each([
    ['without a token', null, ''],
    ['with a wrong token', 'nobody', ''],
    ['whose first message never comes', null, '?connectionParams=1'],
  ])('%s does nothing, and ends after ten seconds', async (_what, token, search) => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const client = await openSocket(server.url, token, { search });
    if (search === '') {
      client.send(reserve(1));
      expect(await client.next(1)).toMatchObject([{ error: { data: { code: 'unauthorized' } } }]);
    }
    await server.time.advance(STRANGER_MS);
    expect(await client.closed).toBe(1008);
    const { body } = await server.get('usage.current', { user: 'alice' });
    expect(body.result?.data).toMatchObject({ reservedUsd: '0.00' });
  });

  it('ends when its client is gone without a word, and stays when it is only silent', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const gone = await openSocket(server.url, BOOTSTRAP_TOKEN, { autoPong: false });
    const silent = await openSocket(server.url, BOOTSTRAP_TOKEN);
    const ponged = new Promise((resolve) => silent.socket.once('ping', resolve));
    await server.time.advance(PING_MS);
    await ponged;
    // Its answer comes after the server has seen the silent one's pong.
    silent.socket.ping();
    await new Promise((resolve) => silent.socket.once('pong', resolve));
    await server.time.advance(PING_MS);
    expect(await gone.closed).toBe(1006);
    silent.send(current(1));
    expect(await silent.next(1)).toHaveLength(1);
    silent.socket.close();
  });
});

describe('a request for a socket', () => {
  it.each(['/', '/trpc/meter.reserve', '/healthz', '/trpcx'])('at %s gets none', async (path) => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`);
    await expect(
      new Promise((resolve, reject) =>
        socket.on('open', () => resolve('open')).on('error', reject),
      ),
    ).rejects.toThrow(/40[0-9]|200/);
  });

  it('for another protocol is answered as if it had not asked', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      request(`${server.url}/healthz`, { headers: { connection: 'Upgrade', upgrade: 'h2c' } })
        .on('response', (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });
});

describe('a stopping server', () => {
  it('finishes what is under way on its sockets, tells them to go elsewhere, and ends them', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const { letGo, held } = server.hold();
    const busy = await openSocket(server.url, BOOTSTRAP_TOKEN);
    const idle = await openSocket(server.url, BOOTSTRAP_TOKEN);
    busy.send(reserve(1));
    await until(() => held() === 1);
    const stopping = server.bursar.close();
    expect(await idle.closed).toBe(1012);
    expect(await idle.next(1)).toEqual([{ id: null, method: 'reconnect' }]);
    await expect(ask(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
    letGo();
    const answers = await busy.next(2);
    expect(answers[1]).toMatchObject({ id: 1, result: { data: { decision: 'allowed' } } });
    expect(await busy.closed).toBe(1012);
    await stopping;
    await server.time.advance(STREAM_CHECK_MS);
    expect(server.time.waiting).toBe(0);
  });

  it('waits for a call on a socket only as long as it was told to', async () => {
    const server = await startTestServer({ logLevel: 'silent' });
    const { letGo, held } = server.hold();
    const client = await openSocket(server.url, BOOTSTRAP_TOKEN);
    client.send(reserve(1));
    await until(() => held() === 1);
    const stopping = server.bursar.close();
    await server.time.advance(10_000);
    expect(await client.closed).toBe(1006);
    letGo();
    await stopping;
  });
});
