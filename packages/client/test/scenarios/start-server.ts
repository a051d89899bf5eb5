/** Starts `server.process.ts`. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Listening, ServerOptions } from './server.process.ts';

/** A running server process. It ends with this one, however that ends. */
export interface ServerProcess {
  readonly url: string;
  /** Drains it and waits until it has ended. Harmless when repeated. */
  stop(): Promise<void>;
  /** Ends it without a word, in the middle of whatever it does. */
  kill(): Promise<void>;
}

/** Resolves when the server listens. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const child = fork(join(import.meta.dirname, 'server.process.ts'), { execArgv: [] });
  const ended = once(child, 'exit');
  child.send(options);
  const [first] = (await Promise.race([once(child, 'message'), ended])) as [Listening | number];
  if (typeof first !== 'object') throw new Error('the server ended before it listened');
  return {
    url: first.listening,
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
