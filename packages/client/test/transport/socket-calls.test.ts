/** Calls over one WebSocket: how they travel, and what is known of those whose socket was lost. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBursar } from '@bursar/server';
import { expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { connect } from '../../src/connect.ts';
import { wasNeverSent } from '../../src/connection-failure.ts';
import { SYSTEM_RUNTIME } from '../../src/runtime.ts';
import { SocketCalls } from '../../src/transport/socket-calls.ts';
import { deadUrl } from '../support/dead-url.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { MODEL, TOKEN } from '../support/world.ts';

/** Most calls that the client has under way on one socket. */
const CALLS_UNDER_WAY_MAX = 512;

interface Message {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly path: string; readonly input: unknown };
}

/** A server whose answers are the test's. */
async function openPeer() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: WebSocket[] = [];
  const frames: string[] = [];
  let arrived = (): void => {};
  let onSocket: (socket: WebSocket) => void = () => {};
  new WebSocketServer({ server }).on('connection', (socket) => {
    sockets.push(socket);
    onSocket(socket);
    socket.on('message', (data) => {
      frames.push((data as Buffer).toString());
      arrived();
    });
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/trpc`;
  return {
    url,
    sockets,
    frames,
    /** The messages of the frame with this number; the first says who calls. */
    async messagesOf(frame: number): Promise<readonly Message[]> {
      while (frames.length <= frame) await new Promise<void>((resolve) => (arrived = resolve));
      const parsed = JSON.parse(frames[frame] ?? '') as Message | Message[];
      return Array.isArray(parsed) ? parsed : [parsed];
    },
    /** Tells of every socket from now on. */
    onSocket: (listener: (socket: WebSocket) => void) => void (onSocket = listener),
    callsTo: (requestMsMax = 5_000) => new SocketCalls({ url, token: TOKEN, requestMsMax }, url),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

const answerTo = ({ id, params }: Message) => ({
  id,
  result: { type: 'data', data: params.input },
});

test('what is called at once leaves in one frame, after who calls, and each gets its own answer', async () => {
  await using peer = await openPeer();
  const calls = peer.callsTo();
  const inputs = Array.from({ length: 50 }, (_, index) => ({ user: `ü"${index}` }));
  const answers = Promise.all(
    inputs.map((input, index) => calls.call(index % 2 === 0 ? 'GET' : 'POST', 'a.b', input)),
  );
  const messages = await peer.messagesOf(1);
  expect(JSON.parse(peer.frames[0] ?? '')).toEqual({
    method: 'connectionParams',
    data: { authorization: `Bearer ${TOKEN}` },
  });
  expect(messages.map(({ method }) => method).slice(0, 2)).toEqual(['query', 'mutation']);
  // One alone, and the others together, last first.
  peer.sockets[0]?.send(JSON.stringify(answerTo(messages[7] as Message)));
  peer.sockets[0]?.send(
    JSON.stringify(
      messages
        .filter((_, index) => index !== 7)
        .map(answerTo)
        .toReversed(),
    ),
  );
  expect(await answers).toMatchObject(inputs.map((data) => ({ result: { data } })));
  calls.close();
});

test('large inputs are spread over more frames', async () => {
  await using peer = await openPeer();
  const calls = peer.callsTo();
  const text = 'x'.repeat(20_000);
  for (let index = 0; index < 9; index += 1) void calls.call('POST', 'a', { text }).catch(() => {});
  expect([
    (await peer.messagesOf(1)).length,
    (await peer.messagesOf(2)).length,
    (await peer.messagesOf(3)).length,
  ]).toEqual([3, 3, 3]);
  calls.close();
});

test('more than 512 calls wait for those under way', async () => {
  await using peer = await openPeer();
  const calls = peer.callsTo();
  const answers = Promise.all(Array.from({ length: 600 }, () => calls.call('POST', 'a', {})));
  const first = await peer.messagesOf(1);
  expect(first).toHaveLength(512);
  peer.sockets[0]?.send(JSON.stringify(first.map(answerTo)));
  const second = await peer.messagesOf(2);
  expect(second).toHaveLength(88);
  peer.sockets[0]?.send(JSON.stringify(second.map(answerTo)));
  expect(await answers).toHaveLength(600);
  calls.close();
});

test('a call whose socket is lost has an unknown outcome, and the next opens another', async () => {
  await using peer = await openPeer();
  const calls = peer.callsTo();
  const lost = calls.call('POST', 'a', {});
  await peer.messagesOf(1);
  peer.sockets[0]?.terminate();
  await expect(lost).rejects.toThrow('the WebSocket was closed (1006)');
  const again = calls.call('POST', 'a', { n: 2 });
  const [message] = await peer.messagesOf(3);
  peer.sockets[1]?.send(JSON.stringify(answerTo(message as Message)));
  expect(await again).toMatchObject({ result: { data: { n: 2 } } });
  calls.close();
});

test('a server that says to go elsewhere still answers what it has, and gets nothing more', async () => {
  await using peer = await openPeer();
  const calls = peer.callsTo();
  const first = calls.call('POST', 'a', { n: 1 });
  const [message] = await peer.messagesOf(1);
  peer.sockets[0]?.send('{"id":null,"method":"reconnect"}');
  peer.sockets[0]?.ping();
  await once(peer.sockets[0] as WebSocket, 'pong');
  const second = calls.call('POST', 'a', { n: 2 });
  const [next] = await peer.messagesOf(3);
  peer.sockets[1]?.send(JSON.stringify(answerTo(next as Message)));
  expect(await second).toMatchObject({ result: { data: { n: 2 } } });
  peer.sockets[0]?.send(JSON.stringify(answerTo(message as Message)));
  expect(await first).toMatchObject({ result: { data: { n: 1 } } });
  calls.close();
});

test('a call that is not answered in time is given up, and so is the socket that said nothing', async () => {
  await using peer = await openPeer();
  const calls = peer.callsTo(40);
  await expect(calls.call('POST', 'a', {})).rejects.toThrow('no answer within 40 ms');
  await once(peer.sockets[0] as WebSocket, 'close');
  void calls.call('POST', 'a', {}).catch(() => {});
  await peer.messagesOf(3);
  expect(peer.sockets).toHaveLength(2);
  calls.close();
});

test('a call that there is no room for is given up in time, too, and was never sent', async () => {
  await using peer = await openPeer();
  const calls = peer.callsTo(40);
  const outcomes = await Promise.allSettled(
    Array.from({ length: CALLS_UNDER_WAY_MAX + 1 }, () => calls.call('POST', 'a', {})),
  );
  const neverSent = outcomes.map((outcome) =>
    outcome.status === 'rejected' ? wasNeverSent(outcome.reason) : undefined,
  );
  expect(neverSent.slice(0, -1).every((isNever) => isNever === false)).toBe(true);
  expect(neverSent.at(-1)).toBe(true);
  calls.close();
});

test('a server that is not there is store_unavailable, tried three times', async () => {
  const runtime = new ManualRuntime();
  const url = (await deadUrl()).replace('http', 'ws');
  const bursar = connect({ url, token: TOKEN }, runtime);
  const release = bursar.meter.release({ reservation: SYSTEM_RUNTIME.newId() });
  await expect(release).rejects.toMatchObject({ code: 'store_unavailable', status: 503 });
  expect(runtime.waits).toHaveLength(2);
});

test('a wrong token is refused once', async () => {
  const server = await createBursar({ store: { kind: 'memory' }, bootstrapToken: TOKEN });
  const url = (await server.listen()).replace('http', 'ws');
  const bursar = connect({ url, token: 'bk_wrong' });
  await expect(bursar.usage.current({ user: 'alice' })).rejects.toMatchObject({
    code: 'unauthorized',
  });
  await bursar.close();
  await server.close();
});

test('F25: a reservation whose answer was lost is repeated on another socket, and applied once', async () => {
  const server = await createBursar({ store: { kind: 'memory' }, bootstrapToken: TOKEN });
  const url = (await server.listen()).replace('http', 'ws');
  // Loses the first answer, socket and all.
  await using between = await openPeer();
  const { url: address } = between;
  const upstream: globalThis.WebSocket[] = [];
  const forward = (socket: WebSocket, isLossy: boolean): void => {
    const other = new globalThis.WebSocket(`${url}/trpc?connectionParams=1&together=1`);
    upstream.push(other);
    const early: string[] = [];
    socket.on('message', (data) => {
      const frame = (data as Buffer).toString();
      if (other.readyState === other.OPEN) other.send(frame);
      else early.push(frame);
    });
    other.addEventListener('open', () => early.forEach((frame) => other.send(frame)));
    other.addEventListener('message', ({ data }) => {
      if (isLossy) socket.terminate();
      else socket.send(String(data));
    });
  };
  const seen = new Set<WebSocket>();
  const bursar = connect({ url: address.replace('/trpc', ''), token: TOKEN }, new ManualRuntime());
  between.onSocket((socket) => {
    forward(socket, seen.size === 0);
    seen.add(socket);
  });
  const command = {
    reservation: SYSTEM_RUNTIME.newId(),
    user: 'alice',
    model: MODEL,
    amountUsd: '1.00',
  };
  expect(await bursar.meter.reserve(command)).toMatchObject({
    decision: 'allowed',
    replayed: true,
  });
  expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ reservedUsd: '1.00' });
  await bursar.close();
  for (const socket of upstream) socket.close();
  await server.close();
});
