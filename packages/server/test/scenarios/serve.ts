/** `bursar serve` as a process of its own, as users run it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** All scopes, tenant `default`; long enough to be taken. */
export const TOKEN = 'a-token-for-tests-only-0123456789abcdef';

/** A running server process. */
export interface Served {
  /** Where the procedures are, e.g. `http://127.0.0.1:1234/trpc`. */
  readonly procedures: string;
  readonly url: string;
  /** As a crash: no signal handler runs. */
  kill(): Promise<void>;
  /** As an operator: drains. */
  stop(): Promise<void>;
}

/** Starts a server with `environment` on a free port and waits until it listens. */
export async function serve(environment: Readonly<Record<string, string>>): Promise<Served> {
  const child = fork(join(import.meta.dirname, '../../bin/bursar.mjs'), ['serve'], {
    env: {
      PATH: process.env['PATH'],
      BURSAR_PORT: '0',
      BURSAR_BOOTSTRAP_TOKEN: TOKEN,
      BURSAR_LOG_LEVEL: 'warn',
      BURSAR_CACHE_DIR: process.env['BURSAR_CACHE_DIR'] ?? '',
      ...environment,
    },
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const url = await listening(child);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  return {
    url,
    procedures: `${url}/trpc`,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

async function listening(child: ChildProcess): Promise<string> {
  const first = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
  const message = first[0];
  if (typeof message === 'object' && message !== null && 'listening' in message) {
    return String(message.listening);
  }
  throw new Error(`bursar serve ended before it listened (${String(message)})`);
}

/** Calls one procedure by HTTP; answers its data, or throws the error's code. */
export async function call(
  served: Pick<Served, 'procedures'>,
  procedure: string,
  input: unknown,
  method: 'GET' | 'POST' = 'POST',
): Promise<unknown> {
  const query = method === 'GET' ? `?input=${encodeURIComponent(JSON.stringify(input))}` : '';
  const response = await fetch(`${served.procedures}/${procedure}${query}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(method === 'POST' ? { body: JSON.stringify(input) } : {}),
  });
  const body = (await response.json()) as {
    result?: { data: unknown };
    error?: { data: { code: string }; message: string };
  };
  if (body.error !== undefined) throw new Error(`${body.error.data.code}: ${body.error.message}`);
  return body.result?.data;
}
