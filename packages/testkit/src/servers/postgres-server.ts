/**
 * A real PostgreSQL for tests, on a machine that has only Node and npm.
 *
 * What it decides: where the server comes from, that it listens on 127.0.0.1 alone behind a random password,
 * and that nothing of it outlives the test run. What it does not: schemas; every test file creates its own
 * database and migrates that.
 *
 * Invariant: an acknowledged commit survives `kill` and `restart`.
 */
import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Client } from 'pg';

import { findPostgresBinaries } from './postgres-binaries.ts';
import { PortTakenError, startPostgresProcess } from './postgres-process.ts';
import type { PostgresProcess } from './postgres-process.ts';
import { serverUser } from './server-user.ts';
import { startWatchdog } from './server-watchdog.ts';

const SUPERUSER = 'postgres';
const START_ATTEMPTS_MAX = 10;
const DATABASE_NAME = /^[a-z][a-z0-9_]{0,62}$/;

export interface PostgresOptions {
  /** Flush commits to the disk, as a server in production does; for measuring. Default: no. */
  readonly isFlushed?: boolean;
}

export interface PostgresServer {
  /** The database `postgres`, as superuser, password included. The same across restarts. */
  readonly url: string;
  /** Creates an empty database and resolves to its url. Names: lower case, at most 63 characters. */
  createDatabase(name?: string): Promise<string>;
  /** Ends the server as a crash would, without a word to its clients. Its data stay. */
  kill(): Promise<void>;
  /** Starts the server again after `kill`, or ends and starts it, on the same port with the same data. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. Harmless when repeated. */
  stop(): Promise<void>;
}

/**
 * Starts a server of its own for the caller: about 1 s.
 *
 * It ends with the process that started it, however that one ends.
 *
 * @throws Error that says how to get a PostgreSQL when there is none, or quotes the server's log.
 */
export async function startPostgres({
  isFlushed = false,
}: PostgresOptions = {}): Promise<PostgresServer> {
  const user = serverUser();
  const binaries = findPostgresBinaries(user);
  const password = randomBytes(16).toString('hex');
  const directory = await mkdtemp(join(tmpdir(), 'bursar-test-'));
  const dataDirectory = join(directory, 'data');
  const watchdog = startWatchdog(directory, user);
  let running: PostgresProcess | undefined;
  let port = randomPort();

  /** @param moves Whether another port will do when this one is taken. */
  async function start(moves: boolean): Promise<void> {
    for (let attempt = 1; running === undefined; attempt += 1) {
      try {
        running = await startPostgresProcess({
          binaries,
          dataDirectory,
          port,
          user,
          isFlushed,
          onSpawn: (pid) => watchdog.guard(pid),
        });
      } catch (error) {
        watchdog.guard(undefined);
        if (!(error instanceof PortTakenError) || attempt === START_ATTEMPTS_MAX) throw error;
        if (moves) port = randomPort();
      }
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    await running?.end(signal);
    running = undefined;
    watchdog.guard(undefined);
  }

  let stopped: Promise<void> | undefined;

  async function remove(): Promise<void> {
    // Only a server that ends by itself removes its System V shared memory segment, and macOS has 32 of
    // them in all; so one that was killed is started once more. Where that fails, the rest still happens.
    if (running === undefined) await start(false).catch(() => {});
    await end('SIGINT');
    await rm(directory, { recursive: true, force: true });
    await watchdog.dismiss();
  }

  const url = (database: string): string =>
    `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;

  try {
    if (user !== undefined) await chown(directory, user.uid, user.gid);
    const passwordFile = join(directory, 'password');
    await writeFile(passwordFile, password);
    if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
    await chmod(passwordFile, 0o600);
    // prettier-ignore
    await promisify(execFile)(join(binaries, 'initdb'), [
      '-D', dataDirectory, '-U', SUPERUSER, '--pwfile', passwordFile, '--auth', 'scram-sha-256',
      '--encoding', 'UTF8', '--locale', 'C', '--no-sync', '--no-instructions',
    ], { ...user, cwd: directory });
    await start(true);
  } catch (error) {
    await end('SIGKILL');
    await watchdog.dismiss();
    throw error;
  }

  return {
    url: url('postgres'),
    async createDatabase(name = `test_${randomBytes(8).toString('hex')}`) {
      if (!DATABASE_NAME.test(name)) throw new Error(`${name} is no name for a test database.`);
      const client = new Client({ connectionString: url('postgres') });
      await client.connect();
      try {
        await client.query(`create database ${name}`);
      } finally {
        await client.end();
      }
      return url(name);
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGINT');
      await start(false);
    },
    stop: () => (stopped ??= remove()),
  };
}

/**
 * A port below the ranges from which systems take a port for outgoing connections (32768 on Linux, 49152 on
 * macOS): a client that retries while the server is down could otherwise be given the server's own port,
 * connect to itself, and keep the server from coming back.
 */
function randomPort(): number {
  return randomInt(20_000, 30_000);
}
