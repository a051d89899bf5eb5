/**
 * One direction of a proxied connection: one queue and one pump.
 *
 * Everything that a socket says passes through the queue, its end and its reset included, and leaves it in
 * the order in which it came, whatever is held back or delayed on the way. One timer serves the head of the
 * queue; a timer for each chunk would let a later one overtake an earlier.
 *
 * Invariant: what was delivered is a prefix of what was sent, unless the lane says that it `hasGap`.
 */
import type { Socket } from 'node:net';

/** What to do with the head of the queue. */
export type LaneRule = 'deliver' | 'hold' | 'swallow';

export interface LaneOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly rule: () => LaneRule;
  /** How long after its arrival a chunk is delivered. */
  readonly delayMs: () => number;
  readonly onSwallow: () => void;
}

/** Above this the lane stops reading, so that the sender feels what its peer would make it feel. */
const QUEUED_BYTES_MAX = 1_048_576;

interface Queued {
  readonly what: Buffer | 'end' | 'reset';
  readonly arrivedAtMs: number;
}

export class ByteLane {
  readonly #options: LaneOptions;
  readonly #queue: Queued[] = [];
  #queuedBytes = 0;
  #isDraining = false;
  #hasGap = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    const { from, to } = options;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.once('end', () => this.#take('end'));
    from.once('close', () => {
      if (!from.readableEnded) this.#take('reset');
    });
    to.once('close', () => {
      // Nobody is left to deliver to; reading on is what lets the sender's end be noticed.
      this.#drop();
      from.resume();
    });
  }

  /** Whether something was swallowed: what would be delivered next has no sense to the receiver. */
  get hasGap(): boolean {
    return this.#hasGap;
  }

  /** Delivers what may be delivered now. To be called when a rule or the delay has changed. */
  advance(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { from, to, rule, delayMs, onSwallow } = this.#options;
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const verdict = rule();
      if (verdict === 'hold' || (verdict === 'deliver' && this.#isDraining)) return;
      const waitMs = head.arrivedAtMs + delayMs() - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.advance(), waitMs);
        return;
      }
      this.#queue.shift();
      if (head.what instanceof Buffer) this.#queuedBytes -= head.what.length;
      if (this.#queuedBytes < QUEUED_BYTES_MAX) from.resume();
      if (verdict === 'swallow') {
        this.#hasGap = true;
        if (head.what instanceof Buffer) onSwallow();
      } else {
        this.#deliver(to, head.what);
      }
    }
  }

  #take(what: Queued['what']): void {
    const { from, to } = this.#options;
    if (to.destroyed) return;
    this.#queue.push({ what, arrivedAtMs: performance.now() });
    if (what instanceof Buffer) this.#queuedBytes += what.length;
    if (this.#queuedBytes >= QUEUED_BYTES_MAX) from.pause();
    // A timer that is set is for the head, and nothing overtakes the head.
    if (this.#timer === undefined) this.advance();
  }

  #deliver(to: Socket, what: Queued['what']): void {
    if (what === 'end') {
      to.end();
    } else if (what === 'reset') {
      resetSocket(to);
    } else if (!to.write(what)) {
      this.#isDraining = true;
      to.once('drain', () => {
        this.#isDraining = false;
        this.advance();
      });
    }
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }
}

/** Ends a connection as a crash of its peer would. */
export function resetSocket(socket: Socket): void {
  if (socket.pending) socket.destroy();
  else socket.resetAndDestroy();
}
