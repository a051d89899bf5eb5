/**
 * The budgets, moving: on a terminal bars in place below the story, elsewhere a line whenever something was
 * booked. Users' budgets are what the server pushes (`usage.live`), the organisation's is read whenever one of
 * them has moved; nothing is computed here.
 */
import type { Bursar } from '@bursar/client';
import { parseUsd, showUsd } from '../money/nano-usd.ts';
import { drawBar } from '../terminal/bar.ts';
import { paint } from '../terminal/paint.ts';
import type { Screen } from '../terminal/screen.ts';
import { ORG, PEOPLE, type Person } from './person.ts';

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

/** The budgets at the bottom of a screen, and above them what somebody is just saying. */
export class BudgetBoard {
  readonly #screen: Screen;
  readonly #leaving = new AbortController();
  readonly #states = new Map<string, BudgetState>();
  readonly #followers: Promise<void>[] = [];
  readonly #waiting = new Set<() => void>();
  #readOrg: (() => Promise<BudgetState>) | undefined;
  #reading: Promise<void> = Promise.resolve();
  #readsWaiting = 0;
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

  /** Shows the budget of the organisation, whose name in Bursar is `org`, too. */
  async followOrg({ usage }: Bursar, org: string): Promise<void> {
    this.#readOrg = () => usage.current({ scope: { kind: 'org', name: org } });
    await this.#refreshOrg();
  }

  /** Where lines scroll: how the organisation stands at the end of a scene. */
  async sceneEnds(): Promise<void> {
    await this.#refreshOrg();
    const state = this.#states.get(ORG);
    if (state !== undefined && !this.#screen.isLive)
      this.#screen.line(`    ${budgetText(ORG, state)}`);
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
    await this.#reading;
    this.#speech = '';
    this.#draw();
    this.#screen.close({ keeps: true });
  }

  #show(person: Person, state: BudgetState): void {
    const before = this.#states.get(person);
    this.#states.set(person, state);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
    if (this.#screen.isLive) {
      // Whoever waits for the next one hears of what goes wrong.
      this.#refreshOrg().catch(() => {});
      return this.#draw();
    }
    const isBooked = before !== undefined && before.settledUsd !== state.settledUsd;
    if (isBooked) this.#screen.line(`    ${budgetText(person, state)}`);
  }

  /** Reads the organisation's budget after reads that are under way; at most one waits. */
  #refreshOrg(): Promise<void> {
    if (this.#readsWaiting > 0) return this.#reading;
    this.#readsWaiting += 1;
    this.#reading = this.#reading.then(async () => {
      this.#readsWaiting -= 1;
      const state = await this.#readOrg?.();
      if (state === undefined) return;
      this.#states.set(ORG, state);
      this.#draw();
    });
    return this.#reading;
  }

  #draw(): void {
    const room = this.#screen.columns - TEXT_COLUMNS;
    const columns = Math.max(BAR_COLUMNS_MIN, Math.min(BAR_COLUMNS_MAX, room));
    const bars = [...PEOPLE, ORG].flatMap((name) => {
      const state = this.#states.get(name);
      if (state === undefined) return [];
      return [`  ${budgetBar(state, columns)}  ${budgetText(name, state)}`];
    });
    const legend = paint.quiet('  █ spent  ▒ set aside for running calls  · free');
    this.#screen.bottom(['', ...(this.#speech === '' ? [] : [this.#speech, '']), ...bars, legend]);
  }
}

/** `alice  $0.0012 spent  $0.0031 set aside  of $0.01`. */
function budgetText(name: string, state: BudgetState): string {
  const amount = (usd: string) => showUsd(parseUsd(usd)).padEnd(AMOUNT_COLUMNS);
  const limit = state.limitUsd === null ? 'no limit' : `of ${showUsd(parseUsd(state.limitUsd))}`;
  return [
    paint.strong(name.padEnd(5)),
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
