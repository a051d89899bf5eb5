/**
 * One answer on a connection. Invariant: it ends exactly once, and whether its money was set aside before, after or
 * not at all, its cost is booked.
 */
import type { RunningWork, WorkCost, WorkResult } from '../metered-work.ts';
import type { PlannedTurn } from './protocol.ts';

/** What a turn's work rejects with when it gives everything back. */
export const RELEASED = Symbol('released');

export class Turn {
  readonly planned: PlannedTurn;
  /** The id of the event that asked for it. */
  readonly eventId: string | undefined;
  /** Settles once the turn has ended: its cost, or a rejection with `RELEASED`. */
  readonly ended: Promise<WorkResult<undefined>>;
  #running: RunningWork | undefined;
  #settle: (result: WorkResult<undefined>) => void = () => {};
  #release: (reason: unknown) => void = () => {};
  #wasStopped = false;

  constructor(planned: PlannedTurn, eventId: string | undefined) {
    this.planned = planned;
    this.eventId = eventId;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#release = reject;
    });
    this.ended.catch(() => {});
  }

  /** Money is set aside for it. */
  attach(running: RunningWork): void {
    this.#running = running;
  }

  /** Books what it cost. */
  settle(cost: WorkCost): void {
    this.#settle({ ...cost, value: undefined });
  }

  /** Gives everything back. */
  release(): void {
    this.#release(RELEASED);
  }

  /** Sees to it that its output so far is set aside. Calls `stop` once when it cannot be and the call is to end. */
  cover(stop: (refusal: NonNullable<Awaited<ReturnType<RunningWork['cover']>>>) => void): void {
    const covering = this.#running?.cover(this.planned.reading.outputTokens);
    void covering?.then((refusal) => {
      if (refusal === undefined || this.#wasStopped) return;
      this.#wasStopped = true;
      stop(refusal);
    });
  }
}
