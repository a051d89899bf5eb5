/**
 * One thing at a time for one reservation: what is repeated waits for the first attempt, which may still be under way.
 *
 * Every store decides repeats rightly, in the order in which they come. But a caller that has waited too long asks again while its
 * first attempt hangs, and the repeat could overtake it: refused, with the first attempt let through after that and nobody left
 * to end it. Within this process the order is kept here; between servers such a call ends at its deadline.
 */
import type { ReservationId } from '@bursar/core';

/** The order of what is done for each reservation. Holds as much as is under way. */
export class Turns {
  readonly #last = new Map<ReservationId, Promise<unknown>>();

  /** Does `work` when everything is over that began before it for `id`, however that ended. */
  take<Result>(id: ReservationId, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(id);
    const done = before === undefined ? work() : before.then(work, work);
    this.#last.set(id, done);
    const leave = (): void => {
      if (this.#last.get(id) === done) this.#last.delete(id);
    };
    done.then(leave, leave);
    return done;
  }

  /** Of how many reservations something is under way. */
  get size(): number {
    return this.#last.size;
  }
}
