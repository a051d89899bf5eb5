/**
 * Writing to a WebSocket: what is ready in one turn of the event loop leaves in one write.
 *
 * A client that asked for it gets what is ready as one frame, a list; others a frame for each, as tRPC's client wants.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Bytes that may wait for a client to read before no more is read from it. */
const WAITING_BYTES_MAX = 1_048_576;

/** Writes to one socket. */
export class SocketWriter {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #isTogether: boolean;
  #ready: string[] = [];

  /** `stream` is what `socket` writes to; `isTogether`: what is ready at once makes one frame. */
  constructor(socket: WebSocket, stream: Duplex, isTogether: boolean) {
    this.#socket = socket;
    this.#stream = stream;
    this.#isTogether = isTogether;
  }

  /** Whether the client reads too slowly to be listened to; `drain` of the stream tells when that is over. */
  get isBehind(): boolean {
    return this.#stream.writableLength > WAITING_BYTES_MAX;
  }

  /** Sends `message`, at the end of this turn. */
  send(message: string): void {
    this.#ready.push(message);
    // After everything that this turn still settles.
    if (this.#ready.length === 1) process.nextTick(() => this.flush());
  }

  /** Sends what is ready, now. */
  flush(): void {
    const ready = this.#ready;
    if (ready.length === 0) return;
    this.#ready = [];
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const frames = this.#isTogether && ready.length > 1 ? [`[${ready.join(',')}]`] : ready;
    this.#stream.cork();
    for (const frame of frames) this.#socket.send(frame);
    this.#stream.uncork();
  }
}
