/** What every test on a real Redis relies on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterEach, expect, test, vi } from 'vitest';

import { startFaultProxy } from '../../src/servers/fault-proxy.ts';
import {
  type RedisAddress,
  RedisReplyError,
  sendRedisCommand,
} from '../../src/servers/redis-command.ts';
import {
  type RedisOptions,
  type RedisServer,
  startRedis,
  startReplicaOf,
} from '../../src/servers/redis-server.ts';

const open: { stop(): Promise<void> }[] = [];

async function keep<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  open.push(started);
  return started;
}

function redis(options?: RedisOptions): Promise<RedisServer> {
  return keep(startRedis(options));
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()));
});

test('answers PING behind a password and is gone after stop', async () => {
  const server = await redis();
  expect(await server.cli('PING')).toBe('PONG');
  expect(server.url).toBe(`redis://:${server.password}@127.0.0.1:${server.port}`);
  const stranger = { port: server.port, password: 'guessed' };
  await expect(sendRedisCommand(stranger, ['PING'])).rejects.toThrow('WRONGPASS');

  const [, dataDirectory] = (await server.cli('CONFIG', 'GET', 'dir')) as string[];
  await server.stop();

  expect(existsSync(dataDirectory ?? '')).toBe(false);
  await expect(server.cli('PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('decodes every kind of reply, and integers exactly', async () => {
  const server = await redis();
  expect(await server.cli('SET', 'greeting', 'grüße')).toBe('OK');
  expect(await server.cli('GET', 'greeting')).toBe('grüße');
  expect(await server.cli('GET', 'missing')).toBeNull();
  expect(await server.cli('INCRBY', 'count', '9007199254740991')).toBe(9_007_199_254_740_991);
  expect(await server.cli('INCRBY', 'count', '2')).toBe(9_007_199_254_740_993n);
  expect(
    await server.cli('EVAL', "return {1, {'a', redis.error_reply('ERR b')}, {}}", '0'),
  ).toEqual([1, ['a', new RedisReplyError('ERR b')], []]);
  await expect(server.cli('LPUSH', 'greeting', 'x')).rejects.toThrow(/^WRONGTYPE/);
});

test('runs scripts with the libraries that Redis promises them', async () => {
  const server = await redis();
  const script =
    "return {cjson.encode({1}), bit.band(6, 3), #cmsgpack.pack(1), #struct.pack('I4', 1)}";
  expect(await server.cli('EVAL', script, '0')).toEqual(['[1]', 2, 1, 4]);
});

test('evicts nothing: a full server refuses to write', async () => {
  const server = await redis({ maxmemory: '1mb' });
  await server.cli('SETRANGE', 'large', '1000000', 'x');
  await expect(server.cli('SET', 'small', 'x')).rejects.toThrow(/^OOM/);
  expect(await server.cli('STRLEN', 'large')).toBe(1_000_001);
});

test('comes back empty after a kill without AOF, and with its data with AOF', async () => {
  const servers = [await redis(), await redis({ appendonly: 'always' })];
  const found: unknown[] = [];
  for (const server of servers) {
    await server.cli('SET', 'kept', 'yes');
    const { pid, url } = server;
    await server.kill();
    expect(() => server.pid).toThrow('down');
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server.url).toBe(url);
    found.push(await server.cli('GET', 'kept'));
  }
  expect(found).toEqual([null, 'yes']);
});

test('forgets on a restart without AOF too, even after a snapshot was saved', async () => {
  const server = await redis();
  await server.cli('SET', 'kept', 'yes');
  await server.saveSnapshot();
  await server.restart();
  expect(await server.cli('DBSIZE')).toBe(0);
});

test.for([{ appendonly: 'no' }, { appendonly: 'everysec' }] as const)(
  'restores an old snapshot, with appendonly $appendonly',
  async ({ appendonly }) => {
    const server = await redis({ appendonly });
    await server.cli('SET', 'balance', '100');
    const snapshot = await server.saveSnapshot();
    await server.cli('SET', 'balance', '7');

    await server.restoreSnapshot(snapshot);
    expect(await server.cli('GET', 'balance')).toBe('100');

    await server.kill();
    await server.restoreSnapshot(snapshot);
    await expect(server.cli('PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.restart();
    expect(await server.cli('GET', 'balance')).toBe('100');
  },
);

test('loses its disk on wipeData, and goes on', async () => {
  const server = await redis({ appendonly: 'always' });
  await server.cli('SET', 'kept', 'yes');
  await server.wipeData();
  expect(await server.cli('DBSIZE')).toBe(0);
  await server.cli('SET', 'new', 'yes');
  await server.restart();
  expect(await server.cli('GET', 'new')).toBe('yes');
});

test('answers what it was asked while paused once it is resumed, and can be stopped while paused', async () => {
  const server = await redis();
  server.pause();
  let isAnswered = false;
  const answer = server.cli('PING').finally(() => {
    isAnswered = true;
  });
  // Another server's answer, asked for later, is the proof that there was time for one.
  await (await redis()).cli('PING');
  expect(isAnswered).toBe(false);
  server.resume();
  expect(await answer).toBe('PONG');

  server.pause();
  await server.restart();
  expect(await server.cli('PING')).toBe('PONG');
  server.pause();
  await server.stop();
});

test('a replica promoted while the link is stalled lags', async () => {
  const primary = await redis();
  await primary.cli('SET', 'spent', '1');
  const link = await keep(startFaultProxy({ host: '127.0.0.1', port: primary.port }));
  const replica = await keep(startReplicaOf({ port: link.port, password: primary.password }));
  expect(await replica.replication()).toMatchObject({ role: 'slave', master_link_status: 'up' });
  expect(await replica.cli('GET', 'spent')).toBe('1');
  await primary.cli('SET', 'spent', '2');
  await primary.waitForReplicas();
  expect(await replica.cli('GET', 'spent')).toBe('2');

  await link.blackhole();
  await primary.cli('SET', 'spent', '3');
  await replica.promote();

  expect(await replica.replication()).toMatchObject({ role: 'master' });
  expect(await replica.cli('GET', 'spent')).toBe('2');
  expect(await primary.cli('GET', 'spent')).toBe('3');
  // What the link held back must not reach the new primary.
  await link.heal();
  await replica.restart();
  expect(await replica.replication()).toMatchObject({ role: 'master' });
});

test('an old primary that becomes a replica gives up what it alone had', async () => {
  const [first, second] = await Promise.all([redis(), redis()]);
  await first.cli('SET', 'spent', '3');
  await second.cli('SET', 'spent', '2');
  await first.replicateFrom(second);
  expect(await first.cli('GET', 'spent')).toBe('2');
  await second.cli('SET', 'spent', '4');
  await second.waitForReplicas();
  expect(await first.cli('GET', 'spent')).toBe('4');
});

test('the server and its data go when the process that started it is killed, even if it is paused', async () => {
  const script = join(import.meta.dirname, 'redis-owner.process.ts');
  const owner = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
  const { dataDirectory, ...address } = JSON.parse(line) as RedisAddress & {
    dataDirectory: string;
  };

  owner.kill('SIGKILL');

  await vi.waitFor(() => expect(existsSync(dataDirectory)).toBe(false), { timeout: 15_000 });
  await expect(sendRedisCommand(address, ['PING'])).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a program that BURSAR_REDIS_BINARY names and that is no Redis is refused', async () => {
  vi.stubEnv('BURSAR_REDIS_BINARY', process.execPath);
  try {
    await expect(startRedis()).rejects.toThrow(/BURSAR_REDIS_BINARY .* Correct it, or unset it/);
  } finally {
    vi.unstubAllEnvs();
  }
});
