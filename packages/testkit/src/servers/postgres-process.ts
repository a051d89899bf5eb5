/**
 * One life of a PostgreSQL server process: from its start to the end of its last child.
 *
 * Both ends are read from its error output: the log line that says it takes connections, and the close of
 * the pipe, which every child inherits, so it closes only when the last of them is gone. Nothing is polled.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';

import type { ServerUser } from './server-user.ts';
import { withDeadline } from './with-deadline.ts';

const READY = 'database system is ready to accept connections';
const READY_WITHIN_MS = 60_000;
const END_WITHIN_MS = 20_000;
const LOG_TAIL_CHARACTERS = 8_192;

const SETTINGS: Readonly<Record<string, string | number>> = {
  listen_addresses: '127.0.0.1',
  // No socket file: its path could exceed the 107 bytes that the system allows.
  unix_socket_directories: '',
  max_connections: 100,
  // A killed process loses nothing that it handed to the operating system, and a test does not cut the
  // power. Commits still wait for that hand-over (`synchronous_commit` stays on), so what was acknowledged
  // before a SIGKILL is there after it, and a commit costs microseconds instead of a disk's flush. Whoever
  // measures says `isFlushed`.
  fsync: 'off',
  // In the data directory, which is removed, not in /dev/shm, where a killed server leaves its segments.
  dynamic_shared_memory_type: 'mmap',
};

export interface PostgresProcess {
  /** Process id of the postmaster. */
  readonly pid: number;
  /** Sends a signal and resolves when the server and all its children have ended. Harmless when they have. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Thrown when the port is in use; another port, or the same a moment later, can work. */
export class PortTakenError extends Error {}

export interface PostgresStart {
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly port: number;
  readonly user: ServerUser | undefined;
  /** Whether commits are flushed to the disk. */
  readonly isFlushed: boolean;
  /** Called as soon as the process exists, before it is ready. */
  readonly onSpawn: (pid: number) => void;
}

/**
 * Starts a server and resolves when it takes connections.
 *
 * @throws PortTakenError; or Error with the end of the server's log when it ends early or takes over 60 s.
 */
export async function startPostgresProcess(start: PostgresStart): Promise<PostgresProcess> {
  const settings = Object.entries({
    ...SETTINGS,
    port: start.port,
    fsync: start.isFlushed ? 'on' : 'off',
  });
  const child = spawn(
    join(start.binaries, 'postgres'),
    ['-D', start.dataDirectory, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...start.user,
      cwd: start.dataDirectory,
      // Its own session: Ctrl-C in a terminal should reach the test run, which then decides.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw error;
  }
  start.onSpawn(pid);

  let log = '';
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_TAIL_CHARACTERS);
    if (log.includes(READY)) ready.resolve();
  });
  child.once('close', () => {
    ended.resolve();
    ready.reject(
      log.includes('could not create any TCP/IP sockets')
        ? new PortTakenError(`PostgreSQL cannot listen on port ${start.port}:\n${log}`)
        : new Error(`PostgreSQL ended before it was ready. Its log ends with:\n${log}`),
    );
  });

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await withDeadline(
      ended.promise,
      END_WITHIN_MS,
      () => `PostgreSQL did not end on ${signal}:\n${log}`,
    );
  };
  try {
    await withDeadline(
      ready.promise,
      READY_WITHIN_MS,
      () => `PostgreSQL was not ready in time:\n${log}`,
    );
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  // A test that forgets to stop its server must not keep the process alive; the watchdog ends the server.
  child.unref();
  (child.stderr as Socket).unref();
  return { pid, end };
}
