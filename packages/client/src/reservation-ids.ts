/**
 * Fresh ids for reservations: UUIDs of version 7 (RFC 9562), later ones sorting after earlier ones.
 *
 * Random bytes are asked for many at a time, because asking takes longer than all else in an id. What is left of them is
 * thrown away after a second: a machine may be stopped and started several times from one image of its memory.
 */
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
      this.#number = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1;
    } else {
      // Within a millisecond, and when the clock goes back. There is room for 2^31 at least.
      this.#number += 1;
    }
    return uuidOf(this.#lastMs, this.#number, random);
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

/**
 * The UUID of version 7 with a number of 32 bits behind its time, as the RFC has it ("fixed bit-length dedicated
 * counter"), and behind that 42 of the `random` bits.
 */
function uuidOf(ms: number, number: number, random: Uint8Array): string {
  const time = hex(ms, 12);
  const [first = 0, ...rest] = random.subarray(-6);
  const ends = (number << 2) | (first & 3);
  const node = [ends & 0xff, ...rest].map((byte) => hex(byte, 2)).join('');
  const version = `7${hex(number >>> 20, 3)}`;
  const variant = hex(0x8000 | ((number >>> 6) & 0x3fff), 4);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${node}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
