/** Starts a server as a process of its own, and asks it how much it uses. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CpuClock } from '../harness/cpu.ts';
import type { ServerKind } from '../servers/http.process.ts';

const PROGRAM = fileURLToPath(new URL('../servers/http.process.ts', import.meta.url));

/** A running server process. */
export class ServerProcess {
  readonly url: string;
  /** Its CPU time. */
  readonly clock: CpuClock;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    this.clock = {
      of: 'server',
      readUs: async () => {
        const { user, system } = await this.#ask<NodeJS.CpuUsage>('cpu');
        return user + system;
      },
    };
  }

  /** Starts one; `env` is added to this process's. Rejects when it ends before it listens. */
  static async start(
    kind: ServerKind,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const child = fork(PROGRAM, [kind], { env: { ...process.env, ...env } });
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message) => resolve((message as { url: string }).url));
      child.once('exit', (code) => reject(new Error(`the ${kind} server ended with ${code}`)));
    });
    return new ServerProcess(child, url);
  }

  /** Bytes of its memory that are in use. */
  async residentBytes(): Promise<number> {
    return (await this.#ask<{ rss: number }>('memory')).rss;
  }

  /** Lets it bring home what it has, and waits for its end. */
  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.send('close');
    await ended;
  }

  async #ask<Answer>(question: string): Promise<Answer> {
    const over = new AbortController();
    const { signal } = over;
    try {
      const answered = once(this.#child, 'message', { signal }) as Promise<[Answer]>;
      const ended = once(this.#child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a server under measurement ended with ${String(code)}`);
      });
      this.#child.send(question);
      return (await Promise.race([answered, ended]))[0];
    } finally {
      over.abort();
    }
  }
}
