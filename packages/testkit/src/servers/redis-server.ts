/**
 * A real Redis for tests, with the accidents that happen to one: killed, paused, emptied, set back to an old
 * snapshot, replaced by a replica that lags.
 *
 * What it decides: where the server comes from, that it listens on 127.0.0.1 alone behind a random password,
 * and that nothing of it outlives the test run. What it does not: keys; every test names its own.
 *
 * Invariant: it writes to disk only what `appendonly` asks for, so what a restart loses is up to the test.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PortTakenError } from './postgres-process.ts';
import { randomPort } from './random-port.ts';
import { findRedisBinary } from './redis-binary.ts';
import { type RedisAddress, type RedisReply, sendRedisCommand } from './redis-command.ts';
import { type RedisProcess, startRedisProcess } from './redis-process.ts';
import { startWatchdog } from './server-watchdog.ts';

const START_ATTEMPTS_MAX = 10;
const REPLICAS_WITHIN_MS = 10_000;
/** Redis says MASTER, Valkey PRIMARY. */
const COPIED = /<-> REPLICA sync: Finished with success|Successful partial resynchronization/;

export interface RedisOptions {
  /** The append-only file: none, or flushed every second or at every write. Default `no`. */
  readonly appendonly?: 'no' | 'everysec' | 'always';
  /** As in redis.conf, for example `64mb`. Default: no limit. */
  readonly maxmemory?: string;
  /** Default `noeviction`. */
  readonly maxmemoryPolicy?: string;
  /** Starts as a replica, as `replicateFrom` makes one. */
  readonly replicaOf?: RedisAddress;
  /** Default: a random one. */
  readonly password?: string;
  /** More lines of redis.conf: values are written as they are. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A copy of a server's data at a moment. */
export interface RedisSnapshot {
  readonly file: string;
}

export interface RedisServer extends RedisAddress {
  /** `redis://:<password>@127.0.0.1:<port>`. The same across restarts, as are port and password. */
  readonly url: string;
  /** Process id; another one after a restart. Throws while the server is down. */
  readonly pid: number;
  /** Sends one command over a connection of its own and resolves to the reply. */
  cli(...args: readonly string[]): Promise<RedisReply>;
  /** Ends the server as a crash would, without a word to its clients. Its data directory stays. */
  kill(): Promise<void>;
  /** Starts the server after `kill`, or ends and starts it. Without an append-only file it comes back empty. */
  restart(): Promise<void>;
  /** Stops it from running, with its connections open, as an overloaded machine would, until `resume`. */
  pause(): void;
  resume(): void;
  /** Loses the disk. A running server is killed first and started again after; one that is down stays down. */
  wipeData(): Promise<void>;
  /** Copies the data as they are now. */
  saveSnapshot(): Promise<RedisSnapshot>;
  /** Puts an old copy in place of the data. Kills and starts as `wipeData` does. */
  restoreSnapshot(snapshot: RedisSnapshot): Promise<void>;
  /** Makes it a replica, which keeps it across restarts; resolves when it holds the primary's data. */
  replicateFrom(primary: RedisAddress): Promise<void>;
  /** Makes a replica a primary, with the data it has. */
  promote(): Promise<void>;
  /** Resolves when so many replicas have everything that was written before. Throws after 10 s. */
  waitForReplicas(count?: number): Promise<void>;
  /** `INFO replication`, field by field. */
  replication(): Promise<Readonly<Record<string, string>>>;
  /** Ends the server and removes its data and its snapshots. Harmless when repeated. */
  stop(): Promise<void>;
}

/**
 * Starts a server of its own for the caller: about 0.03 s. Where the machine has no Redis, the first start
 * downloads one, which takes a few seconds.
 *
 * It ends with the process that started it, however that one ends.
 *
 * @throws Error that says how to get a Redis when there is none, or quotes the server's log.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const binary = await findRedisBinary();
  const { password = randomBytes(16).toString('hex') } = options;
  const directory = await mkdtemp(join(tmpdir(), 'bursar-test-'));
  const dataDirectory = join(directory, 'data');
  const watchdog = startWatchdog(directory, undefined, 'KILL');
  let running: RedisProcess | undefined;
  let port = randomPort();
  let primary: RedisAddress | undefined;
  let snapshots = 0;

  /** @param moves Whether another port will do when this one is taken. */
  async function start(moves: boolean): Promise<void> {
    for (let attempt = 1; running === undefined; attempt += 1) {
      const configurationFile = join(directory, 'redis.conf');
      // A file, not arguments, because everybody on the machine can read those.
      const configuration = configure({ options, port, password, primary, dataDirectory });
      await writeFile(configurationFile, configuration, { mode: 0o600 });
      try {
        const started = await startRedisProcess({
          binary,
          configurationFile,
          dataDirectory,
          port,
          onSpawn: (pid) => watchdog.guard(pid),
        });
        running = started;
        // Should it end by itself, the watchdog must not kill whoever gets its process id.
        void started.ended.then(() => running === started && watchdog.guard(undefined));
      } catch (error) {
        watchdog.guard(undefined);
        if (!(error instanceof PortTakenError) || attempt === START_ATTEMPTS_MAX) throw error;
        if (moves) port = randomPort();
      }
    }
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await running?.end(signal);
    running = undefined;
    watchdog.guard(undefined);
  }

  /** Replaces the data of a server that is down for it, and up again only if it was up. */
  async function replaceData(fill: () => Promise<void>): Promise<void> {
    const wasRunning = running !== undefined;
    await end('SIGKILL');
    await rm(dataDirectory, { recursive: true, force: true });
    await mkdir(dataDirectory);
    await fill();
    if (wasRunning) await start(false);
  }

  function up(): RedisProcess {
    if (running === undefined) throw new Error(`The Redis of port ${port} is down.`);
    return running;
  }

  async function cli(...args: readonly string[]): Promise<RedisReply> {
    return sendRedisCommand({ port, password }, args);
  }

  async function replicateFrom(next: RedisAddress): Promise<void> {
    primary = next;
    await cli('CONFIG', 'SET', 'masterauth', next.password);
    await Promise.all([up().logged(COPIED), cli('REPLICAOF', '127.0.0.1', String(next.port))]);
  }

  let stopped: Promise<void> | undefined;

  async function remove(): Promise<void> {
    await end('SIGKILL');
    await rm(directory, { recursive: true, force: true });
    await watchdog.dismiss();
  }

  try {
    await mkdir(dataDirectory);
    await start(true);
    if (options.replicaOf !== undefined) await replicateFrom(options.replicaOf);
  } catch (error) {
    await end('SIGKILL');
    await watchdog.dismiss();
    throw error;
  }

  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    port,
    password,
    get pid() {
      return up().pid;
    },
    cli,
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      await start(false);
    },
    pause() {
      process.kill(up().pid, 'SIGSTOP');
    },
    resume() {
      process.kill(up().pid, 'SIGCONT');
    },
    wipeData: () => replaceData(async () => {}),
    async saveSnapshot() {
      await cli('SAVE');
      snapshots += 1;
      const file = join(directory, `snapshot-${snapshots}.rdb`);
      // Moved, not copied: what is left there would be loaded by the next start.
      await rename(join(dataDirectory, 'dump.rdb'), file);
      return { file };
    },
    restoreSnapshot: ({ file }) =>
      replaceData(async () => {
        if ((options.appendonly ?? 'no') === 'no') {
          await copyFile(file, join(dataDirectory, 'dump.rdb'));
          return;
        }
        // With an append-only file Redis reads nothing else; a snapshot can be the base of one.
        const folder = join(dataDirectory, 'appendonlydir');
        await mkdir(folder);
        await copyFile(file, join(folder, 'appendonly.aof.1.base.rdb'));
        const manifest = 'file appendonly.aof.1.base.rdb seq 1 type b\n';
        await writeFile(join(folder, 'appendonly.aof.manifest'), manifest);
      }),
    replicateFrom,
    async promote() {
      await cli('REPLICAOF', 'NO', 'ONE');
      primary = undefined;
    },
    async waitForReplicas(count = 1) {
      // WAIT is about what its connection has seen written, which after the login is everything before it.
      const acknowledged = await cli('WAIT', String(count), String(REPLICAS_WITHIN_MS));
      if (Number(acknowledged) < count) {
        throw new Error(`Only ${String(acknowledged)} of ${count} replicas have everything.`);
      }
    },
    async replication() {
      const info = String(await cli('INFO', 'replication'));
      return Object.fromEntries([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map((m) => m.slice(1)));
    },
    stop: () => (stopped ??= remove()),
  };
}

/**
 * Starts a replica of `primary`, which may be given with the port of a proxy before it. Resolves when it
 * holds the primary's data.
 */
export async function startReplicaOf(
  primary: RedisAddress,
  options: RedisOptions = {},
): Promise<RedisServer> {
  return startRedis({ ...options, replicaOf: primary });
}

interface Configuration {
  readonly options: RedisOptions;
  readonly port: number;
  readonly password: string;
  readonly primary: RedisAddress | undefined;
  readonly dataDirectory: string;
}

/** The text of redis.conf. */
function configure({ options, port, password, primary, dataDirectory }: Configuration): string {
  const { appendonly = 'no' } = options;
  const settings: Record<string, string> = {
    bind: '127.0.0.1',
    port: String(port),
    requirepass: password,
    dir: JSON.stringify(dataDirectory),
    // No snapshots of its own accord, and no rewriting: it would start a child at a moment nobody chose.
    save: '""',
    'auto-aof-rewrite-percentage': '0',
    appendonly: appendonly === 'no' ? 'no' : 'yes',
    appendfsync: appendonly === 'no' ? 'everysec' : appendonly,
    'maxmemory-policy': options.maxmemoryPolicy ?? 'noeviction',
    // A replica is served at once instead of after 5 s, and keeps no file of what it was sent.
    'repl-diskless-sync': 'yes',
    'repl-diskless-sync-delay': '0',
    'rdb-del-sync-files': 'yes',
    // A restart does not wait 10 s for a replica that a test has stalled.
    'shutdown-timeout': '0',
  };
  if (options.maxmemory !== undefined) settings['maxmemory'] = options.maxmemory;
  if (primary !== undefined) {
    settings['masterauth'] = primary.password;
    settings['replicaof'] = `127.0.0.1 ${primary.port}`;
  }
  return Object.entries({ ...settings, ...options.config })
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}
