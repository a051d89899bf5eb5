/**
 * Fresh ids for reservations: UUIDs of version 7 (RFC 9562), later ones sorting after earlier ones.
 *
 * Random bytes are asked for many at a time, because asking takes longer than all else in an id. What is left of them is
 * thrown away after a second: a machine may be stopped and started several times from one image of its memory.
 */
import { v7 } from 'uuid';

/** Random bytes of one id. */
const ID_BYTES = 16;
/** Ids for which random bytes are asked for at a time. */
const IDS_AT_A_TIME = 64;
/** How long random bytes are kept, in milliseconds. */
const KEPT_MS_MAX = 1_000;
/** Makes ids; `fill` fills with random bytes. */
export class ReservationIds {
  readonly #fill: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #random = new Uint8Array(ID_BYTES * IDS_AT_A_TIME);
  #used = this.#random.length;
  #filledMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #number = 0;

  constructor(fill: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#fill = fill;
  }

  /** The next id, at `nowMs`. */
  next(nowMs: number): string {
    const random = this.#randomBytes(nowMs);
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs;
      this.#number = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1;
    } else {
      // Within a millisecond, and when the clock goes back. There is room for 2^31 at least.
      this.#number += 1;
    }
    return v7({ random, msecs: this.#lastMs, seq: this.#number });
  }

  #randomBytes(nowMs: number): Uint8Array {
    const isOld = Math.abs(nowMs - this.#filledMs) > KEPT_MS_MAX;
    if (isOld || this.#used === this.#random.length) {
      this.#fill(this.#random);
      this.#filledMs = nowMs;
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += ID_BYTES;
    return this.#random.subarray(start, this.#used);
  }
}
