/**
 * How far a way to count is from counting exactly: the same calls to it and to a log of every call, and what each
 * lets through. Pure; the log is written here, so that it can disagree with the product's.
 */
import { randomExponential, randomLcg } from 'd3-random';

/** What the limiters are measured with: so many calls a minute. */
export const ERROR_LIMIT = 600;
export const WINDOW_MS = 60_000;
/** Windows of traffic. */
const WINDOWS = 40;
const START_MS = Date.UTC(2026, 10, 15);
const SEED = 1;

/** A way to count, over time: whether a call at `atMs` passes. */
export type Counter = (atMs: number) => boolean;

/** Traffic by name: when calls arrive, in order. */
export const SHAPES: Readonly<Record<string, () => Iterable<number>>> = {
  'evenly, twice the limit': () => evenly(2 * ERROR_LIMIT),
  'at random, twice the limit': () => atRandom(2 * ERROR_LIMIT),
  'in waves of five minutes': waves,
  'twice at once, around a border of windows': atBorders,
};

/** How a counter stands to the exact log, in percent. */
export interface LimiterError {
  /** Calls let through to what the log lets through: more, or with a sign fewer. */
  readonly passed: number;
  /** Most calls of any window beyond the limit, of the limit. */
  readonly over: number;
}

/** The error of `counter` on one shape of traffic. */
export function errorOn(shape: () => Iterable<number>, counter: Counter): LimiterError {
  const counted = new Passed();
  const logged = new Passed();
  let most = 0;
  for (const atMs of shape()) {
    if (counter(atMs)) counted.add(atMs);
    if (logged.inWindow(atMs) < ERROR_LIMIT) logged.add(atMs);
    most = Math.max(most, counted.inWindow(atMs));
  }
  return {
    passed: (100 * (counted.count - logged.count)) / logged.count,
    over: Math.max(0, (100 * most) / ERROR_LIMIT - 100),
  };
}

/** A window that begins with the first call after the last one ended, as rate-limiter-flexible has it. */
export function windowFromFirstCall(): Counter {
  let [startMs, used] = [Number.NEGATIVE_INFINITY, 0];
  return (atMs) => {
    if (atMs >= startMs + WINDOW_MS) [startMs, used] = [atMs, 0];
    used += 1;
    return used <= ERROR_LIMIT;
  };
}

/** Calls that have passed, of which those of the last window count. */
class Passed {
  readonly #times: number[] = [];
  #first = 0;

  get count(): number {
    return this.#times.length;
  }

  add(atMs: number): void {
    this.#times.push(atMs);
  }

  inWindow(atMs: number): number {
    while ((this.#times[this.#first] ?? atMs) <= atMs - WINDOW_MS) this.#first += 1;
    return this.#times.length - this.#first;
  }
}

function* evenly(perWindow: number): Generator<number> {
  for (let call = 0; call < perWindow * WINDOWS; call += 1) {
    yield START_MS + Math.floor((call * WINDOW_MS) / perWindow);
  }
}

function* atRandom(perWindow: number): Generator<number> {
  const gapMs = randomExponential.source(randomLcg(SEED))(perWindow / WINDOW_MS);
  for (let atMs = gapMs(); atMs < WINDOWS * WINDOW_MS; atMs += gapMs()) {
    yield START_MS + Math.floor(atMs);
  }
}

/** From nothing to four times the limit and back. */
function* waves(): Generator<number> {
  const gap = randomExponential.source(randomLcg(SEED))(1);
  const perMs = (atMs: number): number =>
    (2 * ERROR_LIMIT * (1.001 - Math.cos((2 * Math.PI * atMs) / (5 * WINDOW_MS)))) / WINDOW_MS;
  for (let atMs = 1_000; atMs < WINDOWS * WINDOW_MS; atMs += Math.min(1_000, gap() / perMs(atMs))) {
    yield START_MS + Math.floor(atMs);
  }
}

/**
 * What the limit is, just before the border of every other window, and again just after it. A single call a window
 * earlier begins the windows of those who begin them with a call.
 */
function* atBorders(): Generator<number> {
  for (let border = 2; border <= WINDOWS; border += 2) {
    yield START_MS + border * WINDOW_MS - WINDOW_MS + 200;
    for (const side of [-500, 500]) {
      for (let call = 0; call < ERROR_LIMIT; call += 1) {
        yield START_MS + border * WINDOW_MS + side + Math.floor((call * 400) / ERROR_LIMIT);
      }
    }
  }
}
