/** Stopping: running calls are finished, streams are cut, nobody new gets in. */
import { connect } from 'node:net';
import { MID_NOVEMBER } from '@bursar/testkit';
import { describe, expect, it } from 'vitest';
import { openEventStream } from '../support/event-stream.ts';
import { settled } from '../support/manual-time.ts';
import { idOf } from '../support/test-service.ts';
import { ask, authorization, BOOTSTRAP_TOKEN, startTestServer } from '../support/test-server.ts';

const CALL = { reservation: idOf(1), user: 'alice', model: 'test-model', amountUsd: '0.10' };

/** Resolves when `condition` holds, giving everything else its turn in between. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settled();
}

describe('a stopping server', () => {
  it('finishes the call that is running, although new connections are refused already', async () => {
    await using server = await startTestServer();
    const { letGo, held } = server.hold();
    const running = server.post('meter.reserve', CALL);
    await until(() => held() === 1);
    const stopping = server.bursar.close();
    await settled();
    await expect(ask(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
    letGo();
    expect(await running).toMatchObject({ status: 200 });
    await stopping;
    expect(await server.tier.reservation(`default/${idOf(1)}` as never)).toMatchObject({
      state: 'reserved',
    });
  });

  it('says that it is not ready on a connection that is open still, and closes it then', async () => {
    await using server = await startTestServer();
    const { letGo, held } = server.hold();
    const { hostname, port } = new URL(server.url);
    let received = '';
    const socket = connect(Number(port), hostname);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('data', (chunk) => (received += String(chunk)));
    const body = JSON.stringify(CALL);
    socket.write(
      `POST /trpc/meter.reserve HTTP/1.1\r\nhost: bursar\r\nauthorization: Bearer ${BOOTSTRAP_TOKEN}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => held() === 1);
    const stopping = server.bursar.close();
    socket.write('GET /readyz HTTP/1.1\r\nhost: bursar\r\n\r\n');
    await settled();
    letGo();
    await closed;
    await stopping;
    expect(received.match(/HTTP\/1\.1 [0-9]+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503']);
    expect(received).toContain('"status":"draining"');
  });

  it('does not wait for a connection that was opened in advance and never used', async () => {
    await using server = await startTestServer();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve));
    // An answered request behind it: by now the server has taken the connection, too.
    await ask(`${server.url}/healthz`);
    await server.bursar.close();
    await closed;
  });

  it('waits for a call that does not end only as long as it was told to', async () => {
    await using server = await startTestServer();
    const { letGo, held } = server.hold();
    const running = server.post('meter.reserve', CALL).catch(() => 'cut');
    await until(() => held() === 1);
    const stopping = server.bursar.close();
    await server.time.advance(10_000);
    expect(await running).toBe('cut');
    letGo();
    await stopping;
  });

  it('cuts event streams, so that their clients reconnect elsewhere', async () => {
    await using server = await startTestServer();
    const input = encodeURIComponent(JSON.stringify({ user: 'alice' }));
    const stream = await openEventStream(
      `${server.url}/trpc/usage.live?input=${input}`,
      authorization(BOOTSTRAP_TOKEN),
    );
    expect(await stream.next()).toMatchObject({ event: 'message' });
    const stopping = server.bursar.close();
    // A finished subscription would come with an event that tells the client not to come back.
    expect(await stream.next()).toBeUndefined();
    await stopping;
  });

  it('cuts a stream that begins while it stops, and does not wait for it', async () => {
    await using server = await startTestServer();
    const { letGo, held } = server.hold();
    const running = server.post('meter.reserve', CALL);
    await until(() => held() === 1);
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    // The first half keeps the connection from being idle when the server begins to stop.
    socket.write(
      'GET /trpc/usage.live?input=%7B%22user%22%3A%22alice%22%7D HTTP/1.1\r\nhost: x\r\n',
    );
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    await settled();
    const stopping = server.bursar.close();
    socket.write(`authorization: Bearer ${BOOTSTRAP_TOKEN}\r\n\r\n`);
    await Promise.race([closed, until(() => received.includes('data:'))]);
    letGo();
    await running;
    await server.time.advance(1_000);
    await closed;
    await stopping;
    expect(server.time.nowMs()).toBe(MID_NOVEMBER + 1_000);
  });

  it('may be told to stop twice', async () => {
    const server = await startTestServer();
    await Promise.all([server.bursar.close(), server.bursar.close()]);
    await server.bursar.close();
    expect(server.time.waiting).toBe(0);
  });
});
