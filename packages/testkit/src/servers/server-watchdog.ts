/**
 * Ends a test server when the process that started it is gone, even by SIGKILL.
 *
 * The watchdog is a shell that reads from a pipe of ours. Whatever ends this process, the kernel closes the
 * pipe; the shell then ends the server that it was last told of and removes its directory. A shell, because
 * it needs no file that an unprivileged user might not be able to reach, and 1 MB instead of 40.
 *
 * Invariant: a server is guarded from the moment `guard` returns until `guard(undefined)` or `dismiss`.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

import type { ServerUser } from './server-user.ts';

/** Five seconds after the first signal nothing is asked any more. */
const SCRIPT = `
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ] && kill "-$2" "$pid"; then
  tries=0
  while [ $tries -lt 50 ] && kill -0 "$pid"; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL "$pid"
fi
tries=0
until rm -rf "$1" || [ $tries -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
`;

export interface ServerWatchdog {
  /** Names the process to end; `undefined` when there is none at present. */
  guard(pid: number | undefined): void;
  /** Ends the watchdog, which removes the directory if it still exists. Resolves once it has. */
  dismiss(): Promise<void>;
}

/**
 * Starts a watchdog over `directory`, which it removes in the end.
 *
 * @param user Whom the server runs as; the watchdog runs as the same, so that a reused process id can never
 *   make root kill a stranger.
 * @param signal What the server is sent first. QUIT makes PostgreSQL end its own children at once; KILL is
 *   for servers that may be paused, which no other signal reaches.
 */
export function startWatchdog(
  directory: string,
  user: ServerUser | undefined,
  signal: 'QUIT' | 'KILL' = 'QUIT',
): ServerWatchdog {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'bursar-test-watchdog', directory, signal], {
    ...user,
    cwd: '/',
    // Its own session: Ctrl-C in a terminal reaches every process of the group, and this one must outlive us.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve());
    shell.once('error', () => resolve());
  });
  // A watchdog that died leaves a broken pipe; that costs the clean-up, not the test run.
  shell.stdin.on('error', () => {});
  // Nor may it keep this process alive.
  shell.unref();
  (shell.stdin as Socket).unref();
  return {
    guard(pid) {
      shell.stdin.write(`${pid ?? ''}\n`);
    },
    async dismiss() {
      shell.stdin.end('\n');
      shell.ref();
      await ended;
    },
  };
}
