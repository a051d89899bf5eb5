/**
 * The budgets, moving: on a terminal three bars in place below the story, elsewhere a line whenever
 * something was booked. What is shown is what the server pushes (`usage.live`), nothing is computed here.
 */
import type { Bursar } from '@bursar/client';
import { parseUsd, showUsd } from '../money/nano-usd.ts';
import { drawBar } from '../terminal/bar.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { PEOPLE, type Person } from './person.ts';

/** A budget as it is pushed. */
export type BudgetState = Awaited<ReturnType<Bursar['usage']['current']>>;

const BAR_COLUMNS_MAX = 32;
const BAR_COLUMNS_MIN = 8;
/** What stands beside a bar takes this many columns. */
const TEXT_COLUMNS = 68;
const AMOUNT_COLUMNS = 11;
/** Longest way of a booking to this screen, in milliseconds. */
const PUSH_MS_MAX = 5_000;
/** Of the credit, from which on the bar warns. */
const SHORT_SHARE = 0.8;

/** Three budgets at the bottom of a screen, and above them what somebody is just saying. */
export class BudgetBoard {
  readonly #screen: Screen;
  readonly #leaving = new AbortController();
  readonly #states = new Map<Person, BudgetState>();
  readonly #followers: Promise<void>[] = [];
  readonly #waiting = new Set<() => void>();
  #speech = '';

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Follows the budget of `person`, whose name in Bursar is `user`. Resolves with the first state. */
  async follow(bursar: Bursar, person: Person, user: string): Promise<void> {
    const states = bursar.usage.live({ user, signal: this.#leaving.signal });
    const first = await states.next();
    if (first.done !== true) this.#show(person, first.value);
    const follower = async (): Promise<void> => {
      for await (const state of states) this.#show(person, state);
    };
    this.#followers.push(follower());
  }

  /** Resolves once the server has pushed that `nanoUsd` or more are booked for `person`. */
  async shows(person: Person, nanoUsd: bigint): Promise<void> {
    const deadline = AbortSignal.timeout(PUSH_MS_MAX);
    while (parseUsd(this.#states.get(person)?.settledUsd ?? '0') < nanoUsd) {
      if (deadline.aborted) throw new Error(`The server has not pushed what ${person} has spent`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** Shows an unfinished line above the budgets; empty for none. */
  speech(line: string): void {
    this.#speech = line;
    this.#draw();
  }

  /** Stops following; what is shown becomes part of what was written. */
  async close(): Promise<void> {
    this.#leaving.abort();
    await Promise.all(this.#followers);
    this.#speech = '';
    this.#draw();
    this.#screen.close({ keeps: true });
  }

  #show(person: Person, state: BudgetState): void {
    const before = this.#states.get(person);
    this.#states.set(person, state);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
    if (this.#screen.isLive) return this.#draw();
    const isBooked = before !== undefined && before.settledUsd !== state.settledUsd;
    if (isBooked) this.#screen.line(`    ${budgetText(person, state)}`);
  }

  #draw(): void {
    const room = this.#screen.columns - TEXT_COLUMNS;
    const columns = Math.max(BAR_COLUMNS_MIN, Math.min(BAR_COLUMNS_MAX, room));
    const bars = PEOPLE.flatMap((person) => {
      const state = this.#states.get(person);
      if (state === undefined) return [];
      return [`  ${budgetBar(state, columns)}  ${budgetText(person, state)}`];
    });
    const legend = paint.quiet('  █ spent  ▒ set aside for running calls  · free');
    this.#screen.bottom(['', ...(this.#speech === '' ? [] : [this.#speech, '']), ...bars, legend]);
  }
}

/** `alice  $0.0012 spent  $0.0031 set aside  of $0.01`. */
function budgetText(person: Person, state: BudgetState): string {
  const amount = (usd: string) => showUsd(parseUsd(usd)).padEnd(AMOUNT_COLUMNS);
  const limit = state.limitUsd === null ? 'no limit' : `of ${showUsd(parseUsd(state.limitUsd))}`;
  return [
    paint.strong(person.padEnd(5)),
    `${amount(state.settledUsd)} spent`,
    `${amount(state.reservedUsd)} set aside`,
    limit,
  ].join('  ');
}

function budgetBar({ settledUsd, reservedUsd, limitUsd }: BudgetState, columns: number): string {
  const limit = Number(limitUsd ?? 0);
  const share = (usd: string) => (limit === 0 ? 0 : Number(usd) / limit);
  const isShort = share(settledUsd) >= SHORT_SHARE;
  return drawBar(
    [
      { share: share(settledUsd), character: '█', paint: isShort ? paint.bad : paint.good },
      { share: share(reservedUsd), character: '▒', paint: paint.warning },
    ],
    columns,
    paint.quiet,
  );
}
