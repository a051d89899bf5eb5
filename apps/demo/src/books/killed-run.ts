/**
 * What became of a run that was killed: nothing that it was told of may be lost or booked twice, and what it
 * had set aside must come free by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { UsageApi } from '@bursar/client';
import { budgetsOf, monthsBetween, readBookings, type UserBudget } from './ledger-bookings.ts';
import { reconcile, type Reconciliation } from './reconcile.ts';
import type { RunRecord } from './run-file.ts';

/** How a killed run stands. All is well without contradictions and without anybody in `stillOpen`. */
export interface KilledRun extends Reconciliation {
  readonly run: string;
  /** Users who have money set aside although every deadline is over, once for each budget. */
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
  const { startedAtMs: sinceMs } = run;
  const budgets = budgetsOf(run);
  let stillOpen = budgets;
  for (let looks = 0; ; looks += 1) {
    stillOpen = await withMoneySetAside(usage, stillOpen, monthsBetween(sinceMs, Date.now()));
    if (stillOpen.length === 0 || Date.now() >= patience.untilMs) break;
    if (looks === 0) patience.onWait();
    await sleep(LOOK_EVERY_MS);
  }
  const bookings = await readBookings(usage, { budgets, sinceMs, untilMs: Date.now() });
  return {
    run: run.run,
    stillOpen: stillOpen.map(({ user }) => user),
    ...reconcile(run.acknowledged, bookings),
  };
}

/** Those of `budgets` from which money is set aside in one of `months`. */
export async function withMoneySetAside(
  usage: UsageApi,
  budgets: readonly UserBudget[],
  months: readonly string[],
): Promise<readonly UserBudget[]> {
  const open: UserBudget[] = [];
  for (const budget of budgets) {
    for (const period of months) {
      const { reservedUsd } = await usage.current({ ...budget, period });
      if (Number(reservedUsd) > 0 && open.at(-1) !== budget) open.push(budget);
    }
  }
  return open;
}
