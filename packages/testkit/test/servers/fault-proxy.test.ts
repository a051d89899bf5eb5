/** What every test of a broken network relies on. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

import { Client } from 'pg';
import { afterEach, expect, test, vi } from 'vitest';

import { type FaultProxy, startFaultProxy } from '../../src/servers/fault-proxy.ts';
import { startPostgres } from '../../src/servers/postgres-server.ts';
import { sendRedisCommand } from '../../src/servers/redis-command.ts';
import { startRedis } from '../../src/servers/redis-server.ts';

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const each of cleanUp.splice(0).toReversed()) await each();
});

/** A server that says back what it hears, and a proxy before it. */
async function echo(): Promise<{ proxy: FaultProxy; server: Server; heard: () => string }> {
  let heard = '';
  const server = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      heard = (heard + chunk.toString('latin1')).slice(-100);
    });
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = await startFaultProxy({ host: '127.0.0.1', port });
  cleanUp.push(
    () => server.close(),
    () => proxy.stop(),
  );
  return { proxy, server, heard: () => heard };
}

async function dial(proxy: FaultProxy): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
  cleanUp.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** What comes back for `text`, in full. */
async function say(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return hear(socket, text.length);
}

async function hear(socket: Socket, characters: number): Promise<string> {
  let said = '';
  while (said.length < characters) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    said += chunk.toString('latin1');
  }
  return said;
}

test('keeps the byte order under load, whatever the delays and stalls', async () => {
  const { proxy } = await echo();
  const socket = await dial(proxy);
  const sent = randomBytes(16 * 1_048_576);
  const received = createHash('sha256');
  let receivedBytes = 0;
  let faults = 0;
  let stalls = Promise.resolve();
  const all = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      received.update(chunk);
      receivedBytes += chunk.length;
      // From long to short and back: a chunk with a short delay comes right behind one with a long one.
      proxy.delay([3, 0, 1][receivedBytes % 3] ?? 0);
      if (receivedBytes > faults * 2_000_000) {
        faults += 1;
        stalls = stalls.then(() => proxy.blackhole()).then(() => proxy.heal());
      }
      if (receivedBytes === sent.length) resolve();
    });
  });
  for (let at = 0; at < sent.length; at += 10_007) socket.write(sent.subarray(at, at + 10_007));

  await all;
  await stalls;

  expect(faults).toBeGreaterThan(5);
  expect(received.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
});

test('swallows replies after the request arrived, and resets the connection when healed', async () => {
  const { proxy, heard } = await echo();
  const socket = await dial(proxy);
  expect(await say(socket, 'one')).toBe('one');
  await proxy.dropReplies();
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.write('two');
  await proxy.replySwallowed();
  expect(heard()).toBe('onetwo');
  expect(answer).toBe('');

  const broken = once(socket, 'error');
  await proxy.heal();
  expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
  expect(await say(await dial(proxy), 'three')).toBe('three');
});

test('a healed link keeps the connections that lost nothing', async () => {
  const { proxy } = await echo();
  const socket = await dial(proxy);
  expect(await say(socket, 'one')).toBe('one');
  await proxy.dropReplies();
  await proxy.heal();
  expect(await say(socket, 'two')).toBe('two');
  expect(proxy.connections).toBe(1);
});

test('cut resets connections and refuses new ones; heal accepts them again at the same port', async () => {
  const { proxy } = await echo();
  const socket = await dial(proxy);
  expect(await say(socket, 'one')).toBe('one');
  const broken = once(socket, 'error');
  await proxy.cut();
  expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
  await expect(dial(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.heal();
  expect(await say(await dial(proxy), 'two')).toBe('two');
});

test('a black hole accepts, delivers nothing, and delivers it all in order once healed', async () => {
  const { proxy, server, heard } = await echo();
  const old = await dial(proxy);
  expect(await say(old, 'one')).toBe('one');
  await proxy.blackhole();
  old.write('two');
  const fresh = await dial(proxy);
  fresh.write('three');
  // A second proxy to the same server answers: there was time, and the server is well.
  const { port } = server.address() as AddressInfo;
  const other = await startFaultProxy({ host: '127.0.0.1', port });
  cleanUp.push(() => other.stop());
  expect(await say(await dial(other), 'else')).toBe('else');
  expect(heard()).toBe('oneelse');

  const replies = Promise.all([hear(old, 3), hear(fresh, 5)]);
  await proxy.heal();
  expect(await replies).toEqual(['two', 'three']);
});

test('delays both ways, and heal ends the wait', async () => {
  const { proxy } = await echo();
  const socket = await dial(proxy);
  proxy.delay(25);
  const startedAtMs = performance.now();
  expect(await say(socket, 'slow')).toBe('slow');
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(50);
  proxy.delay(3_600_000);
  socket.write('soon');
  const reply = hear(socket, 4);
  // The proxy has it, and waits.
  expect(await say(await dial((await echo()).proxy), 'else')).toBe('else');
  await proxy.heal();
  expect(await reply).toBe('soon');
});

test('passes on the end of a connection behind its last byte, from either side', async () => {
  const { proxy } = await echo();
  const socket = await dial(proxy);
  proxy.delay(5);
  const reply = hear(socket, 4);
  const ended = once(socket, 'end');
  socket.end('last');
  expect(await reply).toBe('last');
  await ended;
  await vi.waitFor(() => expect(proxy.connections).toBe(0));
});

test('a client is reset while its server is down', async () => {
  const { proxy, server } = await echo();
  await once(server.close(), 'close');
  const outcome = dial(proxy).then(async (socket) => {
    throw (await once(socket, 'error'))[0];
  });
  await expect(outcome).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('Redis carries out a command whose reply is lost', async () => {
  const redis = await startRedis();
  cleanUp.push(() => redis.stop());
  const proxy = await startFaultProxy({ host: '127.0.0.1', port: redis.port });
  cleanUp.push(() => proxy.stop());
  const through = { port: proxy.port, password: redis.password };
  expect(await sendRedisCommand(through, ['INCR', 'count'])).toBe(1);
  await proxy.dropReplies();
  const lost = sendRedisCommand(through, ['INCR', 'count']).catch((error: unknown) => error);
  await proxy.replySwallowed();
  await proxy.heal();
  expect(await lost).toMatchObject({ code: 'ECONNRESET' });
  expect(await sendRedisCommand(through, ['INCR', 'count'])).toBe(3);
});

test('PostgreSQL commits a transaction whose reply is lost', async () => {
  const postgres = await startPostgres();
  cleanUp.push(() => postgres.stop());
  const url = new URL(postgres.url);
  const proxy = await startFaultProxy({ host: '127.0.0.1', port: Number(url.port) });
  cleanUp.push(() => proxy.stop());
  url.port = String(proxy.port);
  const through = async (): Promise<Client> => {
    const client = new Client({ connectionString: url.href });
    client.on('error', () => {});
    await client.connect();
    cleanUp.push(() => client.end().catch(() => {}));
    return client;
  };
  const first = await through();
  await first.query('create table kept (number int)');
  await proxy.dropReplies();
  const lost = first.query('insert into kept values (1)').catch((error: unknown) => error);
  await proxy.replySwallowed();
  await proxy.heal();
  expect(await lost).toMatchObject({ code: 'ECONNRESET' });
  const { rows } = await (await through()).query('select number from kept');
  expect(rows).toEqual([{ number: 1 }]);
});
