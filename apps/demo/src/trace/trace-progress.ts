/** How far a replay is: a bar in place on a terminal, elsewhere a line every few seconds. */
import { showUsd } from '../money/nano-usd.ts';
import { drawBar } from '../terminal/bar.ts';
import { count } from '../terminal/count.ts';
import { showDuration } from '../terminal/duration.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';

/** What is shown. */
export interface ProgressState {
  readonly ended: number;
  readonly costNanoUsd: bigint;
}

const BAR_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;
const BAR_COLUMNS = 24;

/** Shows `state()` of `total` calls from now on; the answer stops it. */
export function showProgress(
  screen: Screen,
  total: number,
  state: () => ProgressState,
): () => void {
  const beganAtMs = performance.now();
  const show = (): void => {
    const line = progressLine(state(), total, performance.now() - beganAtMs);
    if (screen.isLive) screen.bottom(['', line]);
    else screen.line(line);
  };
  const timer = setInterval(show, screen.isLive ? BAR_EVERY_MS : LINE_EVERY_MS);
  return () => {
    clearInterval(timer);
    show();
    screen.bottom([]);
  };
}

/** `██████··········  54%  10,412 of 19,366 calls  512/s  $52.01  17 s left`. */
function progressLine(
  { ended, costNanoUsd }: ProgressState,
  total: number,
  elapsedMs: number,
): string {
  const share = total === 0 ? 1 : ended / total;
  const bar = drawBar([{ share, character: '█', paint: paint.good }], BAR_COLUMNS, paint.quiet);
  const perSecond = elapsedMs > 0 ? (ended / elapsedMs) * 1_000 : 0;
  const left = perSecond > 0 ? showDuration(((total - ended) / perSecond) * 1_000) : '…';
  return [
    `${bar} ${Math.floor(share * 100)}%`.padEnd(5),
    `${count(ended)} of ${count(total)} calls`,
    `${count(Math.round(perSecond))}/s`,
    showUsd(cents(costNanoUsd)),
    ended === total ? `in ${showDuration(elapsedMs)}` : `${left} left`,
  ].join('  ');
}

/** Whole cents, down: a sum that is still growing needs no more. */
function cents(nanoUsd: bigint): bigint {
  return nanoUsd - (nanoUsd % 10_000_000n);
}
