/**
 * `--trace FILE`: a recorded day as real calls, through the OpenAI SDK, over HTTP, to the server. What they
 * must cost is computed here from the file; at the end the ledger has to say the same.
 */
import { existsSync } from 'node:fs';
import type OpenAI from 'openai';
import type { TracePlan } from '../arguments.ts';
import { auditLine } from '../books/audit-line.ts';
import { type ClosedBooks, closeBooks } from '../books/close-books.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { callCost } from '../money/call-cost.ts';
import { modelPrice } from '../money/model-prices.ts';
import { showUsd } from '../money/nano-usd.ts';
import { count, counted } from '../terminal/count.ts';
import { showDuration } from '../terminal/duration.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { findProblems } from './find-problems.ts';
import { makeCall } from './make-call.ts';
import { replay } from './replay.ts';
import { Settlements } from './settlements.ts';
import { surveyTrace } from './survey-trace.ts';
import { Tally } from './tally.ts';
import { readTrace } from './trace-file.ts';
import { showProgress } from './trace-progress.ts';
import { differenceOf, summaryJson, summaryLines, type TraceSummary } from './trace-summary.ts';

/** Replays the trace of `plan`. Resolves with whether every nano-dollar is accounted for. */
export async function runTrace(plan: TracePlan, screen: Screen): Promise<boolean> {
  const price = modelPrice(plan.model);
  if (price === undefined) throw new Error(`The demo has no price for ${plan.model}`);
  const survey = await surveyTrace(readTrace(plan.file), price);
  screen.line(
    `${plan.file}: ${counted(survey.calls, 'call')} in ${showDuration(survey.durationMs)}, ` +
      `${count(survey.contextTokens)} tokens in, ${count(survey.generatedTokens)} out. ` +
      `Together they cost ${showUsd(survey.costNanoUsd)} with ${plan.model}.`,
  );
  if (!process.env['DATABASE_URL'] && !existsSync(plan.dataDirectory)) {
    screen.line('Making an embedded PostgreSQL first, which takes a few seconds.');
  }
  if (process.env['OPENAI_API_KEY']) {
    screen.line('A trace always calls the local provider; OPENAI_API_KEY is not used.');
  }
  const people = Array.from({ length: plan.users }, (_, index) => `trace-${index + 1}`);
  const installation = await openInstallation({
    dataDirectory: plan.dataDirectory,
    people,
  });
  await setLimits(installation, people, plan.limitUsd);

  const tally = new Tally();
  const settlements = new Settlements(price);
  const clients = people.map((person) =>
    installation.clientOf(person, { onSettled: (_, settled) => settlements.add(settled) }),
  );
  const beganAtMs = performance.now();
  const stopProgress = showProgress(screen, survey.calls, () => ({
    ended: tally.ended,
    costNanoUsd: settlements.nanoUsd,
  }));
  const lateMsMax = await replay(readTrace(plan.file), {
    speed: plan.speed,
    concurrency: plan.concurrency,
    call: (row, index) => {
      const client = clients[index % clients.length] as OpenAI;
      return makeCall(client, { row, tally, model: plan.model, price });
    },
  }).finally(stopProgress);
  await installation.bursar.settled();
  const seconds = (performance.now() - beganAtMs) / 1_000;

  const bill = await installation.provider?.totals();
  const books = await closeBooks(installation, { screen, dataDirectory: plan.dataDirectory });
  const summary: TraceSummary = {
    calls: survey.calls,
    settled: settlements.count,
    denied: tally.denied,
    failed: tally.failed,
    p50Ms: tally.quantileMs(0.5),
    p99Ms: tally.quantileMs(0.99),
    lateMsMax,
    expectedNanoUsd: tally.expectedNanoUsd,
    ledgerNanoUsd: books.run.ledgerNanoUsd,
    openReservations: books.audit.reservations.reserved,
    seconds,
  };
  const billedNanoUsd =
    bill === undefined
      ? tally.expectedNanoUsd
      : callCost({ inputTokens: bill.promptTokens, outputTokens: bill.outputTokens }, price);
  const problems = findProblems({ summary, tally, settlements, billedNanoUsd });
  for (const problem of problems) screen.line(paint.bad(`  ✗ ${problem}`));
  const isClean = books.isClean && problems.length === 0;
  report(screen, { summary, books, isClean });
  if (plan.json) screen.line(summaryJson(summary));
  return isClean;
}

async function setLimits(
  { bursar, nameOf }: Installation,
  people: readonly string[],
  limitUsd: string | null,
): Promise<void> {
  await Promise.all(people.map((person) => bursar.limits.set({ user: nameOf(person), limitUsd })));
}

function report(
  screen: Screen,
  found: { readonly summary: TraceSummary; readonly books: ClosedBooks; readonly isClean: boolean },
): void {
  const { summary, books, isClean } = found;
  screen.line();
  for (const line of summaryLines(summary)) screen.line(line);
  screen.line();
  screen.line(auditLine({ books, isClean, differenceNanoUsd: differenceOf(summary) }));
}
