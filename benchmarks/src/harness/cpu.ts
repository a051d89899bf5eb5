/** CPU time, of everybody who takes part. */
import { readFile } from 'node:fs/promises';
import type { RedisServer } from '@bursar/testkit';
import type { Spender } from './bench.ts';

/** Clock ticks of /proc per second, which Linux has fixed for programs. */
const TICKS_PER_SECOND = 100;

/** Somebody's CPU time since it began, in microseconds; `undefined` where the system does not tell. */
export interface CpuClock {
  readonly of: Spender;
  readonly readUs: () => Promise<number | undefined>;
}

/** This process. */
export const THIS_PROCESS: CpuClock = {
  of: 'node',
  async readUs() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

/** A Redis, as it says itself. */
export function cpuOfRedis(redis: Pick<RedisServer, 'cli'>): CpuClock {
  return {
    of: 'redis',
    async readUs() {
      const info = String(await redis.cli('INFO', 'cpu'));
      const seconds = (name: string): number =>
        Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
      return (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1_000_000;
    },
  };
}

/**
 * A PostgreSQL, by the id of one of its backends (`pg_backend_pid()`): the server and all its backends,
 * also those that have ended. Linux only, and to a hundredth of a second.
 */
export async function cpuOfPostgres(backendPid: number): Promise<CpuClock> {
  const server = (await statOf(backendPid))?.parent;
  return {
    of: 'postgres',
    async readUs() {
      if (server === undefined) return undefined;
      const children = await readFile(`/proc/${server}/task/${server}/children`, 'utf8').catch(
        () => '',
      );
      const pids = children.trim().split(' ').filter(Boolean).map(Number);
      const [main, ...backends] = await Promise.all([server, ...pids].map(statOf));
      if (main === undefined) return undefined;
      const ticks = backends.reduce(
        (sum, backend) => sum + (backend?.ticks ?? 0),
        main.ticks + main.ticksOfEnded,
      );
      return (ticks / TICKS_PER_SECOND) * 1_000_000;
    },
  };
}

/** What /proc says about a process; nothing where there is no /proc, or no such process. */
async function statOf(
  pid: number,
): Promise<{ parent: number; ticks: number; ticksOfEnded: number } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name may contain blanks; the fields after it do not.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent] = fields.slice(1);
  const [user, system, endedUser, endedSystem] = fields.slice(11);
  if (parent === undefined || user === undefined || system === undefined) return undefined;
  return { parent, ticks: user + system, ticksOfEnded: (endedUser ?? 0) + (endedSystem ?? 0) };
}

/** Begins to count; what is returned says what each has spent since. */
export async function startCpuMeter(
  clocks: readonly CpuClock[],
): Promise<() => Promise<Partial<Record<Spender, number>>>> {
  const before = await Promise.all(clocks.map((clock) => clock.readUs()));
  return async () => {
    const after = await Promise.all(clocks.map((clock) => clock.readUs()));
    const spent: Partial<Record<Spender, number>> = {};
    for (const [index, { of }] of clocks.entries()) {
      const [from, to] = [before[index], after[index]];
      if (from !== undefined && to !== undefined) spent[of] = to - from;
    }
    return spent;
  };
}
