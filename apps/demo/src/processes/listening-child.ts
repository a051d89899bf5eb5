/**
 * A child process that serves: started, waited for, and ended with us, whatever way we end.
 *
 * The children end when their channel to us closes, which the operating system does for us even after
 * SIGKILL. What they print goes to a file, because two processes cannot share a terminal politely.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** How a child is started. */
export interface ListeningChildOptions {
  /** For messages. */
  readonly name: string;
  /** File that Node runs. */
  readonly script: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Overwritten with what the child prints. */
  readonly logFile: string;
}

/** A child that listens. */
export interface ListeningChild {
  /** Base URL, as the child announced it by `{ listening: url }`. */
  readonly url: string;
  readonly processId: number;
  /** Asks the child to end and waits until it has; after `STOP_MS_MAX` it is killed. */
  stop(): Promise<void>;
}

/** The child ended before it listened; `output` is the last that it printed. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed';
  readonly output: string;

  constructor(message: string, output: string) {
    super(`${message}\n${output}`.trimEnd());
    this.output = output;
  }
}

/** Longest orderly end, in milliseconds. */
const STOP_MS_MAX = 15_000;
/** How much of a failed child's output is shown, in characters. */
const OUTPUT_LENGTH_MAX = 2_000;

/** Starts a child and waits until it listens. Throws `ChildFailed`. */
export async function startListeningChild(options: ListeningChildOptions): Promise<ListeningChild> {
  const { name, script, args, environment, logFile } = options;
  const log = openSync(logFile, 'w');
  const child = fork(script, [...args], {
    env: environment as NodeJS.ProcessEnv,
    execArgv: [],
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const ended = once(child, 'exit');
  const url = await Promise.race([
    listening(child),
    ended.then(([code, signal]) => {
      const how = code === null ? `was ended by ${String(signal)}` : `ended with code ${code}`;
      const output = readFileSync(logFile, 'utf8').slice(-OUTPUT_LENGTH_MAX);
      throw new ChildFailed(`${name} ${how} before it listened (${logFile}):`, output);
    }),
  ]);
  return {
    url,
    processId: child.pid ?? 0,
    stop: () => stopped(child, ended),
  };
}

/** The address that `child` announces. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      const url = (message as { readonly listening?: unknown } | null)?.listening;
      if (typeof url === 'string') resolve(url);
    });
  });
}

async function stopped(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  // Closing the channel and not a signal, which would be no request but an end on Windows.
  if (child.connected) child.disconnect();
  await ended;
  clearTimeout(kill);
}
