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

/** Share of the cores that others may use before time on the clock proves nothing. */
const BUSY_SHARE = 0.5;

/** Whether somebody else was at work. */
export function isBusy({ cores, load }: Machine): boolean {
  return load > cores * BUSY_SHARE;
}

/** This one, now: to be asked before anything is measured. */
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
