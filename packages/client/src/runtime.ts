/**
 * What the client needs of the machine it runs on: timers, chance, ids. Nothing else in this package reads
 * a clock, so that tests hand in their own and never sleep. Works in every runtime that has web standards.
 */
import { ReservationIds } from './reservation-ids.ts';

/** The present in Unix milliseconds, for what is only shown. */
export const systemNowMs = (): number => Date.now();

/** The machine, as far as the client depends on it. */
export interface Runtime {
  /** Milliseconds since some moment in the past, never fewer than before: only differences mean something. */
  nowMs(): number;
  /**
   * Calls `task` once after `delayMs`. The answer takes it back. Does not keep the process alive until then, unless
   * `isAwaited`.
   */
  after(delayMs: number, task: () => void, isAwaited?: boolean): () => void;
  /** Resolves after `delayMs` and keeps the process alive until then. */
  wait(delayMs: number): Promise<void>;
  /** A number from 0 to below 1 that spreads retries. */
  random(): number;
  /** A fresh id for a reservation: a UUID in lower case, later ones sorting after earlier ones. */
  newId(): string;
}

const ids = new ReservationIds((bytes) => crypto.getRandomValues(bytes));

/** The real one. */
export const SYSTEM_RUNTIME: Runtime = {
  nowMs: () => performance.now(),
  after(delayMs, task, isAwaited = false) {
    const timer: unknown = setTimeout(task, delayMs);
    if (!isAwaited && hasUnref(timer)) timer.unref();
    return () => clearTimeout(timer as number);
  },
  wait: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  random: () => Math.random(),
  newId: () => ids.next(systemNowMs()),
};

/** Timers are objects in Node, Deno's Node mode and Bun, and plain numbers at the edge. */
function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer;
}
