/** Slots: a limit on how many calls run at once. No time frees them, only calls that end. */
import type { RateView } from '@bursar/api';
import type { Gate } from './gate.ts';

/** How long after an answer others may have freed a slot: at first, and at most, for it doubles with each refusal. */
const ASK_AGAIN_MS_FIRST = 1_000;
const ASK_AGAIN_MS_MAX = 16_000;

/** A limit that calls free when they end. */
export class SlotGate implements Gate {
  takenLast = 0;
  /** Nobody knows: a call that ends makes room. */
  readonly refusedUntilMs = -Infinity;
  #limit = Infinity;
  #remaining = Infinity;
  #asking = 0;
  #refusals = 0;
  #askAgainAtMs = Infinity;
  #chance = 0.5;

  readyAtMs(permits: number, nowMs: number): number {
    if (permits > this.#limit) return nowMs;
    return this.#remaining - this.#asking >= Math.max(1, permits) ? nowMs : this.#askAgainAtMs;
  }

  asked(permits: number, chance: number): void {
    this.#asking += permits;
    this.#chance = chance;
    // One at a time asks whether others have freed one.
    this.#askAgainAtMs = Infinity;
  }

  answered(permits: number): void {
    this.#asking -= permits;
  }

  allowed(rate: RateView, taken: number, nowMs: number): void {
    this.takenLast = taken;
    this.#refusals = 0;
    this.#hear(rate, Infinity, nowMs);
  }

  refused(rate: RateView, retryAfterMs: number, nowMs: number): void {
    this.#hear(rate, retryAfterMs, nowMs);
    this.#refusals += 1;
  }

  ended(taken: number): void {
    this.#remaining = Math.min(this.#limit, this.#remaining + taken);
  }

  #hear({ limit, remaining }: RateView, freeAfterMs: number, nowMs: number): void {
    this.#limit = limit;
    this.#remaining = remaining;
    const afterMs = Math.min(ASK_AGAIN_MS_MAX, ASK_AGAIN_MS_FIRST * 2 ** this.#refusals);
    this.#askAgainAtMs = nowMs + Math.min(freeAfterMs, afterMs * (0.5 + this.#chance));
  }
}
