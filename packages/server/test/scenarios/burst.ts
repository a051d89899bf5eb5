/** Eight processes that fire together: the driver of scenario F01. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BurstMessage, BurstReport, BurstTarget } from './burst.process.ts';

const PROCESSES = 8;

/** What a whole burst was answered. */
export interface BurstResult {
  readonly allowed: number;
  readonly denied: number;
  readonly other: readonly string[];
}

/** Eight ready processes. */
export class Burst {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  /** Starts the processes; with several targets they are spread over them. */
  static async start(targets: readonly BurstTarget[]): Promise<Burst> {
    const program = join(import.meta.dirname, 'burst.process.ts');
    const burst = new Burst(
      Array.from({ length: PROCESSES }, () => fork(program, { execArgv: [] })),
    );
    await Promise.all(
      burst.#children.map((child, index) => {
        const target = targets[index % targets.length];
        if (target === undefined) throw new Error('a burst needs a target');
        return ask(child, { prepare: target });
      }),
    );
    return burst;
  }

  /** Fires `shots` reserves of 0.10 USD for `user`, shared among the processes, all at once. */
  async fire(user: string, shots: number): Promise<BurstResult> {
    const reports = await Promise.all(
      this.#children.map(async (child, index) => {
        const share = Math.floor(shots / PROCESSES) + (index < shots % PROCESSES ? 1 : 0);
        const report = await ask(child, { fire: { user, shots: share } });
        if (!('allowed' in report)) throw new Error('the process did not report');
        return report;
      }),
    );
    return {
      allowed: reports.reduce((sum, { allowed }) => sum + allowed, 0),
      denied: reports.reduce((sum, { denied }) => sum + denied, 0),
      other: reports.flatMap(({ other }) => other),
    };
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        const exit = once(child, 'exit');
        child.disconnect();
        await exit;
      }),
    );
  }
}

async function ask(child: ChildProcess, message: BurstMessage): Promise<BurstReport> {
  const settled = new AbortController();
  const answer = once(child, 'message', { signal: settled.signal });
  const end = once(child, 'exit', { signal: settled.signal });
  child.send(message);
  try {
    const [first] = (await Promise.race([answer, end])) as [BurstReport | number | null];
    if (typeof first !== 'object' || first === null) {
      throw new Error(`a process of the burst ended with ${String(first)}`);
    }
    return first;
  } finally {
    settled.abort();
    await Promise.allSettled([answer, end]);
  }
}
