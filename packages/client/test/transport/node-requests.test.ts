/** Requests by Node's own client: connections are kept, ended by `close`, and moved addresses are followed. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { connect } from '../../src/connect.ts';
import { TOKEN } from '../support/world.ts';

async function openServer(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  let connections = 0;
  let open = 0;
  let closed = (): void => {};
  server.on('connection', (socket) => {
    connections += 1;
    open += 1;
    socket.on('close', () => {
      open -= 1;
      closed();
    });
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    async allClosed() {
      while (open > 0) await new Promise<void>((resolve) => (closed = resolve));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const answer: RequestListener = (request, response) => {
  const { authorization } = request.headers;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify([{ result: { data: { authorization, method: request.method } } }]));
};

test('calls after each other share a connection, which close ends, and fetch is not asked', async () => {
  await using server = await openServer(answer);
  const fetched = vi.spyOn(globalThis, 'fetch');
  const bursar = connect({ url: server.url, token: TOKEN });
  for (let call = 0; call < 5; call += 1) {
    expect(await bursar.usage.current({ user: 'alice' })).toEqual({
      authorization: `Bearer ${TOKEN}`,
      method: 'GET',
    });
  }
  expect(server.connections()).toBe(1);
  expect(fetched).not.toHaveBeenCalled();
  fetched.mockRestore();
  await bursar.close();
  await server.allClosed();
});

test('a server that has moved is found where it says', async () => {
  await using server = await openServer(answer);
  await using old = await openServer((request, response) => {
    response.writeHead(308, { location: `${server.url}${request.url}` }).end();
  });
  const bursar = connect({ url: old.url, token: TOKEN });
  expect(await bursar.limits.set({ user: 'alice', limitUsd: '1' })).toMatchObject({
    method: 'POST',
  });
  await bursar.close();
});

test('an answer that ends in its middle is store_timeout: nobody knows what happened', async () => {
  await using server = await openServer((_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('[', () => response.destroy());
  });
  const bursar = connect({ url: server.url, token: TOKEN });
  await expect(bursar.usage.current({ user: 'alice' })).rejects.toMatchObject({
    code: 'store_timeout',
  });
  await bursar.close();
});

test.each(['nonsense', 'http://'])('the address "%s" is store_unavailable', async (url) => {
  const bursar = connect({ url, token: TOKEN });
  await expect(bursar.usage.current({ user: 'alice' })).rejects.toMatchObject({
    code: 'store_unavailable',
  });
});
