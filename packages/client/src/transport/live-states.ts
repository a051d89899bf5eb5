/**
 * Turns pushed states into an iteration.
 *
 * Each state replaces the one before it, so a reader that falls behind loses old states and never the
 * newest: what waits is bounded and memory stays flat. Nothing starts before the first `next()`.
 */
import type { BudgetView } from '@bursar/api';

/** Most states that wait for a slow reader. */
export const STATES_WAITING_MAX = 64;

/** Where a source puts what it has. Everything after the end is ignored. */
export interface StateSink {
  push(state: BudgetView): void;
  end(): void;
  fail(error: unknown): void;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<BudgetView, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * An iteration over what `start` pushes; `start` returns how to stop. It ends when one of `signals` aborts,
 * when the reader leaves, and when the source ends or fails.
 */
export function liveStates(
  signals: readonly (AbortSignal | undefined)[],
  start: (sink: StateSink) => () => void,
): AsyncIterableIterator<BudgetView> {
  const states: BudgetView[] = [];
  const waiting: Waiting[] = [];
  let stop: (() => void) | undefined;
  let hasStarted = false;
  let hasEnded = false;
  let failure: { readonly error: unknown } | undefined;

  const finish = (failed?: { readonly error: unknown }): void => {
    if (hasEnded) return;
    hasEnded = true;
    for (const signal of signals) signal?.removeEventListener('abort', leave);
    stop?.();
    const [first, ...others] = waiting.splice(0);
    // One reader is told, once; a failure that nobody waits for is kept for the next.
    if (failed !== undefined && first !== undefined) first.reject(failed.error);
    else failure = failed;
    for (const { resolve } of failed === undefined && first !== undefined
      ? [first, ...others]
      : others) {
      resolve(DONE);
    }
  };
  const leave = (): void => {
    states.length = 0;
    finish();
  };
  const begin = (): void => {
    hasStarted = true;
    for (const signal of signals) signal?.addEventListener('abort', leave, { once: true });
    if (signals.some((signal) => signal?.aborted)) return finish();
    const stopSource = start({
      push: (state) => {
        if (hasEnded) return;
        const reader = waiting.shift();
        if (reader !== undefined) return reader.resolve({ done: false, value: state });
        states.push(state);
        if (states.length > STATES_WAITING_MAX) states.shift();
      },
      end: () => finish(),
      fail: (error) => finish({ error }),
    });
    if (hasEnded) stopSource();
    else stop = stopSource;
  };

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => {
      if (!hasStarted) begin();
      const state = states.shift();
      if (state !== undefined) return Promise.resolve({ done: false, value: state });
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (hasEnded) return Promise.resolve(DONE);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: () => {
      leave();
      return Promise.resolve(DONE);
    },
  };
}
