/**
 * One life of a Redis server process: from its start to the end of its last child.
 *
 * Everything is read from its log on standard output: that it takes connections, that it copied its primary,
 * and, by the close of the pipe, which its children inherit, that the last of them is gone. Nothing is polled.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

import { PortTakenError } from './postgres-process.ts';
import type { RedisBinary } from './redis-binary.ts';
import { withDeadline } from './with-deadline.ts';

const READY = /Ready to accept connections/;
const READY_WITHIN_MS = 60_000;
const END_WITHIN_MS = 20_000;
const LOG_LINES_MAX = 60;

export interface RedisProcess {
  readonly pid: number;
  /** Resolves when the server and all its children have ended. */
  readonly ended: Promise<void>;
  /** Resolves with the next line of the log that matches. Rejects when the server ends, or after a minute. */
  logged(pattern: RegExp): Promise<void>;
  /** Sends a signal and resolves when the server and all its children have ended. Harmless when they have. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface RedisStart {
  readonly binary: RedisBinary;
  readonly configurationFile: string;
  readonly dataDirectory: string;
  readonly port: number;
  /** Called as soon as the process exists, before it is ready. */
  readonly onSpawn: (pid: number) => void;
}

/**
 * Starts a server and resolves when it takes connections, which is after it loaded its data.
 *
 * @throws PortTakenError; or Error with the end of the server's log when it ends early or takes over 60 s.
 */
export async function startRedisProcess(start: RedisStart): Promise<RedisProcess> {
  const child = spawn(start.binary.file, [start.configurationFile], {
    env: start.binary.env,
    cwd: start.dataDirectory,
    // Its own session: Ctrl-C in a terminal should reach the test run, which then decides.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw error;
  }
  start.onSpawn(pid);

  const log: string[] = [];
  const waiting = new Set<{ pattern: RegExp; found: PromiseWithResolvers<void> }>();
  const ended = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.push(line);
    if (log.length > LOG_LINES_MAX) log.shift();
    for (const { pattern, found } of waiting) if (pattern.test(line)) found.resolve();
  });
  child.once('close', () => {
    ended.resolve();
    const words = log.join('\n');
    const reason = words.includes('Failed listening on port')
      ? new PortTakenError(`Redis cannot listen on port ${start.port}:\n${words}`)
      : new Error(`Redis ended. Its log ends with:\n${words}`);
    for (const { found } of waiting) found.reject(reason);
  });

  const logged = async (pattern: RegExp): Promise<void> => {
    const wait = { pattern, found: Promise.withResolvers<void>() };
    waiting.add(wait);
    try {
      await withDeadline(
        wait.found.promise,
        READY_WITHIN_MS,
        () => `Redis did not log ${pattern} in time:\n${log.join('\n')}`,
      );
    } finally {
      waiting.delete(wait);
    }
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      // The whole group, because a child that writes a snapshot would outlive a killed server.
      process.kill(-pid, signal);
      // A paused server would not notice that it was asked to end.
      if (signal === 'SIGTERM') process.kill(-pid, 'SIGCONT');
    }
    await withDeadline(
      ended.promise,
      END_WITHIN_MS,
      () => `Redis did not end on ${signal}:\n${log.join('\n')}`,
    );
  };
  try {
    await logged(READY);
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  // A test that forgets to stop its server must not keep the process alive; the watchdog ends the server.
  child.unref();
  (child.stdout as Socket).unref();
  return { pid, ended: ended.promise, logged, end };
}
