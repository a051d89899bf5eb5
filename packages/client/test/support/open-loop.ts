/**
 * An open loop: calls arrive at a fixed rate, whether or not earlier ones have been answered, as the users
 * of a product do. What is late is caught up on at once, and its lateness counts as waiting.
 */

/** How often what is due is looked for, in milliseconds. */
const TICK_MS = 4;

/** Calls that arrive. */
export interface OpenLoop {
  /** How many have arrived. */
  readonly count: number;
  /** Resolves once `count` have arrived since the start. */
  arrived(count: number): Promise<void>;
  /** No more arrive; resolves when those that have are over. */
  stop(): Promise<void>;
}

/**
 * Begins; `call` is told its number, from 0, and when it was due, by `performance.now()`. It must not
 * reject.
 */
export function startOpenLoop(
  perSecond: number,
  call: (index: number, dueAtMs: number) => Promise<void>,
): OpenLoop {
  const beganMs = performance.now();
  const running = new Set<Promise<void>>();
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let count = 0;
  const tick = (): void => {
    const due = Math.floor(((performance.now() - beganMs) * perSecond) / 1_000);
    for (; count < due; count += 1) {
      const run: Promise<void> = call(count, beganMs + (count * 1_000) / perSecond).finally(() =>
        running.delete(run),
      );
      running.add(run);
    }
    for (const { resolve } of waiting.filter((other) => other.count <= count)) resolve();
    waiting = waiting.filter((other) => other.count > count);
  };
  const timer = setInterval(tick, TICK_MS);
  return {
    get count() {
      return count;
    },
    arrived: (wanted) =>
      new Promise((resolve) => {
        waiting.push({ count: wanted, resolve });
      }),
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}
