/**
 * How fast one's own calls may follow each other through a limit, so that none is refused: the pacing rule.
 *
 * The limit may be shared with processes that nobody here knows of. All that is known of them is how much of the
 * limit is used; of that, this process has taken a share. Whoever keeps to its share of what the limit allows, makes
 * together with all others that do exactly what the limit allows. The share is raised a little, so that late comers get
 * theirs: all raise by the same number of calls and are slowed down by the same factor, which evens them out, as TCP's
 * additive increase and multiplicative decrease do (Chiu and Jain, 1989). While much is left, nothing waits.
 *
 * Pure: time and chance are arguments. Nothing here is a safeguard: the server decides, whatever is done here.
 */
import type { RateView } from '@bursar/api';
import type { Gate } from './gate.ts';
import { OwnUse } from './own-use.ts';

/** Part of the limit that has to be left for calls to go out as they come. */
const PLENTY = 0.5;
/** Part of the limit that is left when all go at exactly its speed: room for those that nobody has heard of yet. */
const LEFT_AIM = 0.06;
/** By how much faster than the limit all may go, for each limit that is left beyond that. */
const GAIN = 4;
/** Part of the limit below which it counts as tight. For one and a half windows after that everything is paced. */
const TIGHT = 0.1;
const TIGHT_WINDOWS = 1.5;
/** How much faster than the limit all may go meanwhile: what went out in one heap comes back in one. */
const SPEED_MAX_TIGHT = 1.1;
/** Calls of its own last size that a process adds to its share. */
const RAISE_CALLS = 2;
/** How much the last call counts in what part of their estimates calls take in truth, and the least that is believed. */
const NEWEST = 0.1;
const TRUE_PART_MIN = 0.01;
/** Part of a limit that comes back at once which nobody counts on. */
const MARGIN = 0.02;
/** What a refusal leaves of the speed, and how much of the rest each call that is let through brings back. */
const SLOWDOWN = 0.7;
const RECOVERY = 0.05;
const CAUTION_MIN = 0.05;
/** Pauses are spread by this part to either side. */
const SPREAD = 0.25;
/** Longest pause, and longest spread of those who wait for the same moment, as parts of the window. */
const PAUSE_MAX = 0.5;
const SPREAD_MAX = 0.1;
/** Longest time that a refusal is believed; after it one call asks anew, for limits can be raised. */
const BELIEVED_MS_MAX = 60_000;

/** A limit that time frees. */
export class RateGate implements Gate {
  takenLast = 0;
  refusedUntilMs = -Infinity;
  #rate: RateView | undefined;
  #saidAtMs = 0;
  /** When the whole limit is there again at once; `null` where it comes back bit by bit. */
  #renewsAtMs: number | null = null;
  #own = new OwnUse(1);
  /** Part of what is used that may be ours, more than 0 and at most 1. */
  #share = 1;
  #caution = 1;
  /** Part of what calls take before that they turn out to take. */
  #truePart = 1;
  /** Permits that are being asked for. */
  #asking = 0;
  #askedAtMs = -Infinity;
  #chance = 0.5;
  #tightAtMs = -Infinity;

  readyAtMs(permits: number, nowMs: number): number {
    const rate = this.#rate;
    // What never fits is told so by the server.
    if (rate === undefined || permits > rate.limit) return nowMs;
    const wanted = Math.max(1, permits);
    return Math.max(
      this.#roomAtMs(rate, wanted, nowMs),
      this.#turnAtMs(rate, wanted, nowMs),
      this.refusedUntilMs + this.#spreadMs(rate, wanted),
    );
  }

  asked(permits: number, chance: number, nowMs: number): void {
    this.#asking += permits;
    this.#askedAtMs = nowMs;
    this.#chance = chance;
  }

  answered(permits: number): void {
    this.#asking -= permits;
  }

  allowed(rate: RateView, taken: number, nowMs: number): void {
    this.takenLast = taken;
    this.#hear(rate, taken, nowMs);
    this.refusedUntilMs = -Infinity;
    this.#caution += (1 - this.#caution) * RECOVERY;
  }

  refused(rate: RateView, retryAfterMs: number, nowMs: number): void {
    this.#hear(rate, 0, nowMs);
    this.refusedUntilMs = nowMs + Math.min(retryAfterMs, BELIEVED_MS_MAX);
    this.#caution = Math.max(CAUTION_MIN, this.#caution * SLOWDOWN);
  }

  ended(taken: number, used: number): void {
    if (taken === 0) return;
    const part = Math.min(1, used / taken);
    this.#truePart = Math.max(TRUE_PART_MIN, this.#truePart + (part - this.#truePart) * NEWEST);
    const rate = this.#rate;
    if (rate === undefined) return;
    // What was taken too much is there again, and what was taken too little is gone.
    this.#own.add(used - taken, this.#saidAtMs);
    const nowUsed = Math.max(0, rate.used + used - taken);
    this.#rate = { ...rate, used: nowUsed, remaining: Math.max(0, rate.limit - nowUsed) };
  }

  #hear(rate: RateView, taken: number, nowMs: number): void {
    const windowMs = rate.windowMs ?? 1;
    const isRenewed = this.#renewsAtMs !== null && nowMs >= this.#renewsAtMs;
    if (isRenewed || this.#own.windowMs !== windowMs) this.#own = new OwnUse(windowMs);
    this.#own.add(taken, nowMs);
    this.#rate = rate;
    this.#saidAtMs = nowMs;
    this.#renewsAtMs = rate.renewsAfterMs === null ? null : nowMs + rate.renewsAfterMs;
    if (rate.remaining < rate.limit * TIGHT) this.#tightAtMs = nowMs;
    const own = this.#own.total(nowMs);
    const raised = own + RAISE_CALLS * Math.max(1, this.takenLast * this.#truePart);
    this.#share = Math.min(1, raised / Math.max(1, rate.used, own));
  }

  /** When there is room, if no others come. */
  #roomAtMs(rate: RateView, wanted: number, nowMs: number): number {
    const { limit, remaining } = rate;
    const isRenewed = this.#renewsAtMs !== null && nowMs >= this.#renewsAtMs;
    const lacking = wanted + this.#asking - (isRenewed ? limit : remaining);
    if (lacking <= 0) return nowMs;
    // Then the answers to those that are being asked for come first.
    if (wanted + this.#asking > limit) return Infinity;
    return this.#renewsAtMs ?? this.#saidAtMs + lacking * this.#permitMs(rate);
  }

  /** When the next call of our own is due. */
  #turnAtMs(rate: RateView, wanted: number, nowMs: number): number {
    const { limit, remaining, windowMs } = rate;
    const left = Math.max(0, remaining - this.#asking);
    const isTight = nowMs - this.#tightAtMs < TIGHT_WINDOWS * (windowMs ?? 0);
    const pause = 1 - SPREAD + 2 * SPREAD * this.#chance;
    const mine = this.#share * this.#caution;
    const renewsAtMs = this.#renewsAtMs;
    if (renewsAtMs !== null && nowMs >= renewsAtMs) {
      return isTight ? this.#askedAtMs + pause * this.#evenMs(rate, wanted) : nowMs;
    }
    if (left >= limit * PLENTY && !isTight) return nowMs;
    if (renewsAtMs !== null) {
      // Our part of what is left is not enough for one more.
      if (left * this.#share < wanted) {
        return renewsAtMs + this.#spreadMs(rate, wanted);
      }
      const counted = Math.max(wanted / limit, left - limit * MARGIN);
      return (
        this.#askedAtMs +
        (pause * wanted * this.#truePart * (renewsAtMs - nowMs)) / (counted * mine)
      );
    }
    const speed = 1 + GAIN * (left / limit - LEFT_AIM);
    const allowed = isTight ? Math.min(speed, SPEED_MAX_TIGHT) : speed;
    return this.#askedAtMs + (pause * this.#evenMs(rate, wanted)) / allowed;
  }

  /** So that not all who wait for one moment come at that moment. */
  #spreadMs(rate: RateView, permits: number): number {
    const most = (rate.windowMs ?? 0) * SPREAD_MAX;
    return this.#chance * Math.min(most, this.#evenMs(rate, permits));
  }

  /** Time between calls of our own that take `permits` each, if all together go at exactly the limit. */
  #evenMs(rate: RateView, permits: number): number {
    const inTruth = permits * this.#truePart;
    const evenMs = (inTruth * this.#permitMs(rate)) / (this.#share * this.#caution);
    return Math.min((rate.windowMs ?? 0) * PAUSE_MAX, evenMs);
  }

  /** Time in which one permit comes back. */
  #permitMs({ limit, windowMs }: RateView): number {
    return (windowMs ?? 0) / Math.max(1, limit);
  }
}
