/**
 * Time of a simulation: nothing happens but what is scheduled, in order, each event with all that follows
 * from it before the next.
 */
import type { Clock, InstantMs } from '@bursar/core';
import { MID_NOVEMBER } from '@bursar/testkit';
import type { Timers } from '../../src/clock/timers.ts';

interface SimEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock and its timers. */
export class SimTime implements Clock, Timers {
  #nowMs: number;
  #order = 0;
  readonly #events: SimEvent[] = [];
  readonly #cancelled = new Set<number>();

  constructor(nowMs: number = MID_NOVEMBER) {
    this.#nowMs = nowMs;
  }

  nowMs(): InstantMs {
    return this.#nowMs as InstantMs;
  }

  after(delayMs: number, run: () => void): () => void {
    this.#order += 1;
    const order = this.#order;
    this.#push({ atMs: this.#nowMs + Math.max(0, delayMs), order, run });
    return () => void this.#cancelled.add(order);
  }

  /** Runs everything that is due until `untilMs`. */
  async runUntil(untilMs: number): Promise<void> {
    await turn();
    for (;;) {
      const next = this.#events[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      if (this.#cancelled.delete(next.order)) continue;
      this.#nowMs = next.atMs;
      next.run();
      await turn();
    }
    this.#nowMs = untilMs;
  }

  // A binary heap by time, then by order of scheduling.

  #push(event: SimEvent): void {
    const heap = this.#events;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[index] = heap[parent] ?? event;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child])) child += 1;
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: SimEvent, b: SimEvent | undefined): boolean {
  return b !== undefined && (a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
}

/** Lets everything go on that needs no time: all promises settle before the next macrotask. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
