/**
 * The end of every run: this run and those that were killed before it are compared with the ledger, the
 * processes end, and the whole database is audited. What is in order needs no memory: its files are removed.
 */
import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditReport } from '@bursar/server';
import type { Installation } from '../installation.ts';
import {
  DISPATCHED_TTL_MS,
  SWEEP_INTERVAL_MS,
  TENTATIVE_TTL_MS,
} from '../processes/bursar-server.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { count, counted } from '../terminal/count.ts';
import { auditDatabase } from './audit-database.ts';
import { closeKilledRun, type KilledRun, withMoneySetAside } from './killed-run.ts';
import { budgetsOf, monthsBetween, readBookings } from './ledger-bookings.ts';
import { reconcile, type Reconciliation } from './reconcile.ts';
import type { RunRecord } from './run-file.ts';

/** The longest that a reservation of a killed run lives: its deadline, a sweep, and time to do it. */
const KILLED_RUN_MS_MAX = Math.max(TENTATIVE_TTL_MS, DISPATCHED_TTL_MS) + SWEEP_INTERVAL_MS + 5_000;

/** The longest that acknowledged settlements take to the ledger, and the pause between two looks. */
const HOME_MS_MAX = 15_000;
const HOME_PAUSE_MS = 250;

/** How the books stand. */
export interface ClosedBooks {
  /** This run, compared with the ledger. */
  readonly run: Reconciliation;
  /** The whole database. */
  readonly audit: AuditReport;
  /** Whether every nano-dollar is where it belongs. */
  readonly isClean: boolean;
}

/** Closes the books of `installation` and stops it. Says on `screen` what is wrong, and how killed runs ended. */
export async function closeBooks(
  installation: Installation,
  { screen, dataDirectory }: { readonly screen: Screen; readonly dataDirectory: string },
): Promise<ClosedBooks> {
  const { bursar, runFile, leftRuns } = installation;
  await bursar.settled();
  const { startedAtMs: sinceMs } = runFile;
  const budgets = budgetsOf(runFile);
  const untilMs = Date.now();
  const open = await withMoneySetAside(bursar.usage, budgets, monthsBetween(sinceMs, untilMs));
  const run = await reconciledRun(installation, { budgets, sinceMs, untilMs });
  const killedRuns: KilledRun[] = [];
  for (const left of leftRuns) killedRuns.push(await endKilledRun(installation, left, screen));
  await installation.stop();
  const audit = await auditDatabase(dataDirectory, process.env['DATABASE_URL'] || undefined);

  const problems = [
    ...open.map(({ user }) => `${user} still has money set aside`),
    ...run.shown,
    ...(run.unheard > 0 ? [`${count(run.unheard)} settlements that nobody was told of`] : []),
    ...(run.expired > 0 ? [`${count(run.expired)} reservations ran into their deadline`] : []),
    ...audit.shown,
    ...killedRuns.flatMap(({ shown, stillOpen }) => [
      ...shown,
      ...stillOpen.map((user) => `${user} still has money set aside`),
    ]),
  ];
  for (const problem of problems) screen.line(paint.bad(`  ✗ ${problem}`));
  const isClean =
    problems.length === 0 &&
    run.ledgerNanoUsd === run.acknowledgedNanoUsd &&
    audit.findings === 0 &&
    audit.differenceNanoUsd === 0n;
  if (isClean) {
    runFile.remove();
    for (const { file } of leftRuns) rmSync(file, { force: true });
  }
  return { run, audit, isClean };
}

/**
 * The run compared with the ledger. What a Redis had that was killed is written to the ledger by the server that
 * acknowledged it, some seconds later: so what is missing is looked for again, for a while.
 */
async function reconciledRun(
  { bursar, runFile }: Installation,
  ledger: Parameters<typeof readBookings>[1],
): Promise<Reconciliation> {
  const giveUpAtMs = Date.now() + HOME_MS_MAX;
  for (;;) {
    const run = reconcile(runFile.acknowledged, await readBookings(bursar.usage, ledger));
    if (run.ledgerNanoUsd >= run.acknowledgedNanoUsd || Date.now() > giveUpAtMs) return run;
    await pause(HOME_PAUSE_MS);
  }
}

async function endKilledRun(
  { bursar, openedAtMs }: Installation,
  left: RunRecord,
  screen: Screen,
): Promise<KilledRun> {
  const untilMs = openedAtMs + KILLED_RUN_MS_MAX;
  const killed = await closeKilledRun(bursar.usage, left, {
    untilMs,
    onWait: () =>
      screen.line(
        `Run ${left.run} was killed with calls under way. Their reservations end by their deadline, ` +
          `${new Date(untilMs).toISOString().slice(11, 19)} UTC at the latest; waiting.`,
      ),
  });
  if (killed.contradictions === 0 && killed.stillOpen.length === 0)
    screen.line(killedRunLine(killed));
  return killed;
}

/** `Killed run 7f3a21c0: 8,123 acknowledged settlements, all in the ledger once; 41 open …`. */
function killedRunLine({ run, acknowledged, unheard, expired }: KilledRun): string {
  const heard = `${counted(acknowledged, 'acknowledged settlement')}, all in the ledger once`;
  const lost = unheard === 0 ? '' : `; ${count(unheard)} more whose answer it did not live to hear`;
  const ended =
    expired === 0
      ? 'no reservation was left open'
      : `${counted(expired, 'open reservation')} ended by their deadline`;
  return `Killed run ${run}: ${heard}${lost}; ${ended}.`;
}
