/**
 * The generator as a process of its own: what it takes of a core is nobody else's, and how busy it was is part of
 * the result. It ends with the process that started it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Generated, generate, type LoadTime } from './generate.ts';
import { serviceOf, type System } from './metering-services.ts';
import type { LoadPlan } from './plan.ts';
import { Workload } from './workload.ts';

/** What the generator is told. */
export interface GeneratorOrder {
  readonly plan: LoadPlan;
  readonly system: System;
  readonly url: string;
  readonly token: string;
  /** When the first call may be due, in milliseconds since 1970. */
  readonly startAt: number;
}

/** What it answers with. */
export interface GeneratorReport extends Generated {
  readonly health: {
    /** Share of its time that the generator was at work, 0 to 1. */
    readonly utilization: number;
    /** 99th percentile of how late its event loop came round, in milliseconds. */
    readonly loopDelayP99Ms: number;
  };
}

const LOOP_RESOLUTION_MS = 10;
const NANOSECONDS_PER_MS = 1_000_000;

/** A clock that other processes of this machine share, and that does not jump. */
const TIME: LoadTime = {
  now: () => performance.timeOrigin + performance.now(),
  wait: (ms) => sleep(ms),
};

process.once('message', (order: GeneratorOrder) => {
  void run(order).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));

async function run({
  plan,
  system,
  url,
  token,
  startAt,
}: GeneratorOrder): Promise<GeneratorReport> {
  const service = serviceOf(system, url, { token, isOverSocket: plan.isOverSocket ?? false });
  const workload = new Workload(plan);
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  await TIME.wait(Math.max(1, startAt - TIME.now()));
  delay.enable();
  const before = performance.eventLoopUtilization();
  const generated = await generate(workload, service, TIME, startAt);
  const { utilization } = performance.eventLoopUtilization(before);
  delay.disable();
  await service.close();
  const loopDelayP99Ms = Math.max(
    0,
    delay.percentile(99) / NANOSECONDS_PER_MS - LOOP_RESOLUTION_MS,
  );
  return { ...generated, health: { utilization, loopDelayP99Ms } };
}
