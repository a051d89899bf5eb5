/**
 * Who goes next among calls that wait.
 *
 * `interactive` before `batch`, but after four that went before one that waits a `batch` call is first, so that none
 * waits for ever. Within a priority, lanes take turns, the one served longest ago first, so that no user's heap of calls
 * is in the way of another's; within a lane, first come, first served. Knows neither time nor limits.
 */

/** How urgent a call is: somebody waits for it, or nobody does. */
export type Priority = 'interactive' | 'batch';

/** What the line has to know of a call. */
export interface InLine {
  /** Calls of one lane are subject to the same limits. */
  readonly lane: object;
  readonly priority: Priority;
  /** Grows from call to call; a call that comes back has its old place. */
  readonly place: number;
}

type Lane<Call> = Readonly<Record<Priority, Call[]>>;

/** Interactive calls that go before waiting batch calls until one of those is first. */
export const OVERTAKEN_MAX = 4;

const URGENT_FIRST: readonly Priority[] = ['interactive', 'batch'];
const BATCH_FIRST: readonly Priority[] = ['batch', 'interactive'];

/** Calls that wait. */
export class WaitingLine<Call extends InLine> {
  /** The lanes in which somebody waits, the one served longest ago first. */
  readonly #lanes = new Map<object, Lane<Call>>();
  readonly #sizes = { interactive: 0, batch: 0 };
  #overtakers = 0;

  /** How many wait. */
  get size(): number {
    return this.#sizes.interactive + this.#sizes.batch;
  }

  /** Lets `call` wait. */
  add(call: Call): void {
    const lane: Lane<Call> = this.#lanes.get(call.lane) ?? { interactive: [], batch: [] };
    this.#lanes.set(call.lane, lane);
    const calls = lane[call.priority];
    const isLast = (calls.at(-1)?.place ?? -1) < call.place;
    const at = isLast ? calls.length : calls.findIndex(({ place }) => place > call.place);
    calls.splice(at, 0, call);
    this.#sizes[call.priority] += 1;
  }

  /** Takes `call` out; whether it was waiting. */
  remove(call: Call): boolean {
    const lane = this.#lanes.get(call.lane);
    const at = lane?.[call.priority].indexOf(call) ?? -1;
    if (lane === undefined || at < 0) return false;
    lane[call.priority].splice(at, 1);
    this.#sizes[call.priority] -= 1;
    if (lane.interactive.length + lane.batch.length === 0) this.#lanes.delete(call.lane);
    return true;
  }

  /** Takes out the first call that `mayGo`, which is asked for the first of each lane and priority, in order. */
  next(mayGo: (call: Call) => boolean): Call | undefined {
    const order = this.#overtakers >= OVERTAKEN_MAX ? BATCH_FIRST : URGENT_FIRST;
    for (const priority of order) {
      for (const lane of this.#lanes.values()) {
        const [first] = lane[priority];
        if (first === undefined || !mayGo(first)) continue;
        this.#serve(first, lane);
        return first;
      }
    }
    return undefined;
  }

  /** Every call that waits, as things are now. */
  all(): readonly Call[] {
    return [...this.#lanes.values()].flatMap(({ interactive, batch }) => [
      ...interactive,
      ...batch,
    ]);
  }

  #serve(call: Call, lane: Lane<Call>): void {
    this.remove(call);
    if (this.#lanes.delete(call.lane)) this.#lanes.set(call.lane, lane);
    if (call.priority === 'batch') this.#overtakers = 0;
    else if (this.#sizes.batch > 0) this.#overtakers += 1;
  }
}
