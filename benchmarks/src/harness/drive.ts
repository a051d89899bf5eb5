/** Driving a candidate: so many operations at a time, each followed by the next. */
import type { Runner, Sample } from './bench.ts';
import { type CpuClock, startCpuMeter, THIS_PROCESS } from './cpu.ts';

/** Latencies that one round keeps; later ones are counted only. */
const LATENCIES_MAX = 500_000;

/** How `closedLoop` works. */
export interface ClosedLoop {
  readonly inFlight: number;
  /** Who takes part besides this process. */
  readonly clocks?: readonly CpuClock[];
  /** Does `perCall` operations; `caller` is 0 … `inFlight` − 1. */
  readonly operation: (caller: number) => Promise<void>;
  /** Operations of one call; default 1. */
  readonly perCall?: number;
  /** Resolves when everything is done that the operations left to do: that is part of what they cost. */
  readonly finish?: () => Promise<void>;
  /** Is waited for after a round, and part of nothing. */
  readonly rest?: () => Promise<void>;
  readonly close?: () => Promise<void>;
}

/** Runs `operation` from `inFlight` callers, each of which waits for its answer before it asks again. */
export function closedLoop(options: ClosedLoop): Runner {
  const { inFlight, operation, clocks = [], perCall = 1, finish } = options;
  return {
    async run(durationMs): Promise<Sample> {
      const stop = await startCpuMeter([THIS_PROCESS, ...clocks]);
      const startedAt = performance.now();
      const until = startedAt + durationMs;
      const latenciesMs: number[] = [];
      let operations = 0;
      const call = async (caller: number): Promise<void> => {
        for (;;) {
          const sentAt = performance.now();
          // One at least, however slow: a round without any says nothing.
          if (sentAt >= until && operations > 0) return;
          await operation(caller);
          operations += perCall;
          if (latenciesMs.length < LATENCIES_MAX) latenciesMs.push(performance.now() - sentAt);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, (_, caller) => call(caller)));
      const elapsedMs = performance.now() - startedAt;
      await finish?.();
      const doneMs = finish === undefined ? elapsedMs : performance.now() - startedAt;
      const cpuUs = await stop();
      await options.rest?.();
      return { operations, elapsedMs, doneMs, latenciesMs, cpuUs };
    },
    close: options.close ?? (async () => {}),
  };
}

/** Runs `operation`, which answers at once, again and again. The clock is looked at once in so many. */
export function tightLoop(operation: (round: number) => void, batch = 1_000): Runner {
  let round = 0;
  return {
    async run(durationMs): Promise<Sample> {
      const stop = await startCpuMeter([THIS_PROCESS]);
      const startedAt = performance.now();
      const until = startedAt + durationMs;
      let operations = 0;
      do {
        for (let index = 0; index < batch; index += 1) operation(round++);
        operations += batch;
      } while (performance.now() < until);
      const elapsedMs = performance.now() - startedAt;
      return { operations, elapsedMs, doneMs: elapsedMs, latenciesMs: [], cpuUs: await stop() };
    },
    close: async () => {},
  };
}
