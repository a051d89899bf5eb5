/** What a replay shows to be wrong, apart from what the books say themselves. */
import { showNanoUsd } from '../money/nano-usd.ts';
import { count, counted } from '../terminal/count.ts';
import type { Settlements } from './settlements.ts';
import type { Tally } from './tally.ts';
import { differenceOf, type TraceSummary } from './trace-summary.ts';

/** A sentence for each problem. */
export function findProblems(found: {
  readonly summary: TraceSummary;
  readonly tally: Tally;
  readonly settlements: Settlements;
  /** By the provider's own book. */
  readonly billedNanoUsd: bigint;
}): readonly string[] {
  const { summary, tally, settlements, billedNanoUsd } = found;
  const problems: string[] = [];
  if (tally.failed > 0) problems.push(`${counted(tally.failed, 'call')} failed`);
  if (summary.settled !== tally.answered) {
    problems.push(`${count(tally.answered)} answers, but ${count(summary.settled)} settlements`);
  }
  if (tally.misreported > 0) {
    problems.push(`${counted(tally.misreported, 'answer')} with other tokens than the trace has`);
  }
  if (settlements.mispriced > 0) {
    problems.push(
      `${counted(settlements.mispriced, 'settlement')} at another price than the list's`,
    );
  }
  if (billedNanoUsd !== summary.expectedNanoUsd) {
    problems.push(`the provider's own book has ${showNanoUsd(billedNanoUsd)}`);
  }
  if (differenceOf(summary) !== 0n) problems.push('the ledger differs from the trace');
  return problems;
}
