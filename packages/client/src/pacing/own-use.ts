/** What this process has taken of a limit within its window: counted in two halves of time, as a sliding window counter is. */
export class OwnUse {
  readonly windowMs: number;
  #startMs = 0;
  #used = 0;
  #before = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** Counts `permits` taken now; with a sign, as many fewer. */
  add(permits: number, nowMs: number): void {
    this.#goOnTo(nowMs);
    this.#used = Math.max(0, this.#used + permits);
  }

  /** Permits taken in the window that ends now, as if those of the one before had been taken evenly. */
  total(nowMs: number): number {
    this.#goOnTo(nowMs);
    return this.#used + this.#before * (1 - (nowMs - this.#startMs) / this.windowMs);
  }

  #goOnTo(nowMs: number): void {
    const windows = Math.floor((nowMs - this.#startMs) / this.windowMs);
    if (windows <= 0) return;
    this.#before = windows === 1 ? this.#used : 0;
    this.#used = 0;
    this.#startMs += windows * this.windowMs;
  }
}
