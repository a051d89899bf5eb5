/**
 * What became of a run that was killed: nothing that it was told of may be lost or booked twice, and what it
 * had set aside must come free by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { UsageApi } from '@bursar/client';
import { monthsBetween, readBookings } from './ledger-bookings.ts';
import { reconcile, type Reconciliation } from './reconcile.ts';
import type { RunRecord } from './run-file.ts';

/** How a killed run stands. All is well without contradictions and without anybody in `stillOpen`. */
export interface KilledRun extends Reconciliation {
  readonly run: string;
  /** Users who have money set aside although every deadline is over. */
  readonly stillOpen: readonly string[];
}

/** How long the check may take. */
export interface KilledRunPatience {
  /** The run's last reservation must have ended by then, milliseconds since 1970. */
  readonly untilMs: number;
  /** Called once, when there is something to wait for. */
  readonly onWait: () => void;
}

/** Pause between two looks at money that is set aside. */
const LOOK_EVERY_MS = 500;

/** Waits until `run` has nothing set aside any more, and compares it with the ledger. */
export async function closeKilledRun(
  usage: UsageApi,
  run: RunRecord,
  patience: KilledRunPatience,
): Promise<KilledRun> {
  const { users, startedAtMs: sinceMs } = run;
  let stillOpen: readonly string[] = users;
  for (let looks = 0; ; looks += 1) {
    stillOpen = await usersWithMoneySetAside(usage, stillOpen, monthsBetween(sinceMs, Date.now()));
    if (stillOpen.length === 0 || Date.now() >= patience.untilMs) break;
    if (looks === 0) patience.onWait();
    await sleep(LOOK_EVERY_MS);
  }
  const bookings = await readBookings(usage, { users, sinceMs, untilMs: Date.now() });
  return { run: run.run, stillOpen, ...reconcile(run.acknowledged, bookings) };
}

/** Those of `users` who have money set aside in one of `months`. */
export async function usersWithMoneySetAside(
  usage: UsageApi,
  users: readonly string[],
  months: readonly string[],
): Promise<readonly string[]> {
  const open: string[] = [];
  for (const user of users) {
    for (const period of months) {
      const { reservedUsd } = await usage.current({ user, period });
      if (Number(reservedUsd) > 0 && open.at(-1) !== user) open.push(user);
    }
  }
  return open;
}
