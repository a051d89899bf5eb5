/** What the figures were taken on: figures without that mean little. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** The machine, for people and for the record. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGib: number;
  readonly node: string;
  readonly platform: string;
  /** Processes that wanted to run in the last minute: more than there are cores, and rates mean little. */
  readonly load: number;
}

/** This one, now. */
export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}
