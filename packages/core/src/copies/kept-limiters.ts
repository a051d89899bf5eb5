/**
 * The limiters of a store in memory. What is the same as nothing is forgotten, so that what is kept is bounded
 * by what is in use, however many limiters there have been.
 */
import type { LimiterId } from '../ids.ts';
import type { LimiterState } from '../limiter/limiter-state.ts';
import type { LimiterChange } from '../reservation/rates.ts';
import type { InstantMs } from '../time.ts';

/** From this many on, those that have run off are looked for each time the number has doubled. */
const LOOK_FROM = 1_024;

/** Limiters by id. */
export class KeptLimiters {
  #limiters = new Map<LimiterId, LimiterChange>();
  #lookAt = LOOK_FROM;

  limiter(id: LimiterId): LimiterState | undefined {
    return this.#limiters.get(id)?.state;
  }

  /** Those of `ids` that are in use. */
  read(ids: readonly LimiterId[]): readonly LimiterChange[] {
    return ids.flatMap((id) => this.#limiters.get(id) ?? []);
  }

  post(changes: readonly LimiterChange[], nowMs: InstantMs): void {
    for (const change of changes) {
      if (change.state === undefined) this.#limiters.delete(change.id);
      else this.#limiters.set(change.id, change);
    }
    if (this.#limiters.size >= this.#lookAt) this.#forgetEnded(nowMs);
  }

  /** The same in other hands. */
  copy(): KeptLimiters {
    const other = new KeptLimiters();
    other.#limiters = new Map(this.#limiters);
    return other;
  }

  #forgetEnded(nowMs: InstantMs): void {
    for (const [id, { endsAtMs }] of this.#limiters) {
      if (endsAtMs <= nowMs) this.#limiters.delete(id);
    }
    this.#lookAt = Math.max(LOOK_FROM, 2 * this.#limiters.size);
  }
}
