/**
 * A connection whose every answer is a call of its own: set aside before it is asked for, settled when it ends.
 *
 * Events leave in the order in which they were given: while it is being decided about one, those after it wait. What
 * the provider begins by itself, because it heard somebody speak, has its money set aside before the sound is sent.
 * What it begins all the same is noticed, and ended where it may not go on; what it cost until then is booked.
 */
import { CallRefused } from '../call-refused.ts';
import { isObject, type JsonObject, parseJson, stringOf } from '../http/json-fields.ts';
import type { ConnectionParts } from './connection-parts.ts';
import { Listening } from './listening.ts';
import type { PlannedTurn, Protocol } from './protocol.ts';
import { bodyOf, unpriced } from './refusal.ts';
import { type Internals, onSocket } from './sdk-connection.ts';
import { setAside } from './set-aside.ts';
import { Turn } from './turn.ts';
import { bookUnreserved } from './unreserved.ts';

interface Waiting {
  readonly event: unknown;
  readonly forward: (event: unknown) => void;
}

export class MeteredConnection {
  readonly #sdk: Internals;
  readonly #parts: ConnectionParts;
  readonly #protocol: Protocol;
  /** `closed`: nothing reaches anybody any more, which the package says by itself. */
  #state: 'opening' | 'open' | 'closed' = 'open';
  #isReconnecting = false;
  #isDeciding = false;
  readonly #waiting: Waiting[] = [];
  /** Asked for, and not begun. */
  #asked: Turn[] = [];
  /** Begun, and not ended. */
  readonly #running = new Map<string, Turn>();
  readonly #listening: Listening;

  constructor(sdk: Internals, parts: ConnectionParts) {
    this.#sdk = sdk;
    this.#parts = parts;
    this.#protocol = parts.protocol;
    this.#listening = new Listening(parts);
  }

  /** Puts the meter between the caller and the connection. */
  start(): void {
    const sdk = this.#sdk;
    const send = sdk.send.bind(sdk);
    sdk.send = (event) => this.#submit({ event, forward: send });
    const sendResponseCreate = sdk.sendResponseCreate?.bind(sdk);
    if (sendResponseCreate !== undefined) {
      sdk.sendResponseCreate = (event) => this.#submit({ event, forward: sendResponseCreate });
    }
    if (sdk.sendRaw !== undefined) {
      sdk.sendRaw = (data) =>
        this.#submit({
          event: typeof data === 'string' ? parseJson(data) : undefined,
          forward: send,
        });
    }
    sdk.on('event', (event: unknown) => {
      if (isObject(event)) this.#receive(event);
    });
    sdk.on('reconnecting', () => {
      this.#isReconnecting = true;
      this.#closed();
    });
    sdk.on('reconnected', () => {
      this.#isReconnecting = false;
      this.#watchSocket();
    });
    sdk.on('close', () => {
      this.#isReconnecting = false;
      this.#closed();
    });
    this.#watchSocket();
  }

  #watchSocket(): void {
    const { socket } = this.#sdk;
    onSocket(socket, 'close', () => this.#closed());
    if (socket.readyState > 0) return this.#opened();
    this.#state = 'opening';
    onSocket(socket, 'open', () => this.#opened());
  }

  #opened(): void {
    this.#state = 'open';
    this.#sendWaiting();
  }

  /** Nobody will hear how the answers under way end, and nobody will answer what was asked for. */
  #closed(): void {
    const { waitsForReconnecting } = this.#protocol;
    this.#state = this.#isReconnecting && waitsForReconnecting ? 'opening' : 'closed';
    for (const turn of [...this.#asked, ...this.#running.values()]) {
      turn.settle(turn.planned.reading.costUnheard());
    }
    this.#asked = [];
    this.#running.clear();
    this.#listening.giveUp();
  }

  #submit(waiting: Waiting): void {
    if (this.#isDeciding || this.#state === 'opening') this.#waiting.push(waiting);
    else this.#decide(waiting);
  }

  #sendWaiting(): void {
    while (!this.#isDeciding && this.#state !== 'opening') {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#decide(next);
    }
  }

  #decide(waiting: Waiting): void {
    const { event, forward } = waiting;
    if (this.#state === 'closed') return forward(event);
    if (!isObject(event)) {
      return this.#refuse(undefined, unpriced('This message', 'it is no event that can be read'));
    }
    try {
      const rule = this.#protocol.ruleFor(event);
      switch (rule.kind) {
        case 'free':
          return this.#pass(event, forward);
        case 'refused':
          if (this.#parts.options.unmeteredRoutes === 'allow') return forward(event);
          return this.#refuse(event, unpriced(stringOf(event['type']), rule.reason));
        case 'turn':
          return this.#waitFor(this.#ask(rule.turn, event, waiting));
        case 'sound':
          return this.#hear(rule.bytes, event, forward);
      }
    } catch (error) {
      this.#refuse(event, error);
    }
  }

  #pass(event: JsonObject, forward: Waiting['forward']): void {
    this.#protocol.sent(event);
    forward(event);
  }

  #waitFor(decision: Promise<void>): void {
    this.#isDeciding = true;
    void decision.finally(() => {
      this.#isDeciding = false;
      this.#sendWaiting();
    });
  }

  async #ask(planned: PlannedTurn, event: JsonObject, { forward }: Waiting): Promise<void> {
    const prepared = this.#protocol.prepared(event);
    const turn = new Turn(planned, stringOf(prepared['event_id']));
    const refusal = await setAside(turn, this.#parts);
    if (refusal !== undefined) return this.#refuse(event, refusal);
    if (this.#state !== 'open') {
      // Who left before anything was sent owes nothing; what is sent again is asked for again.
      turn.release();
      if (this.#state === 'opening') this.#waiting.unshift({ event, forward });
      else forward(event);
      return;
    }
    this.#asked.push(turn);
    this.#pass(prepared, forward);
  }

  #hear(bytes: number, event: JsonObject, forward: Waiting['forward']): void {
    const admission = this.#listening.admit(bytes);
    if (admission === 'unheard') return;
    if (admission === 'heard') return this.#pass(event, forward);
    this.#waitFor(
      admission.then((refusal) => {
        if (refusal !== undefined) return this.#refuse(event, refusal);
        if (this.#state === 'closed') this.#listening.giveUp();
        this.#pass(event, forward);
      }),
    );
  }

  #receive(event: JsonObject): void {
    this.#protocol.received(event);
    if (event['type'] === 'error') return this.#failed(event);
    const sideCall = this.#protocol.sideCall(event);
    if (sideCall !== undefined) bookUnreserved(sideCall, this.#parts);
    const turnEvent = this.#protocol.turnEvent(event);
    if (turnEvent === undefined) return;
    const key = this.#protocol.keyOf(event);
    if (turnEvent === 'begins') this.#begin(event, key);
    const turn = this.#running.get(key);
    if (turn === undefined) return;
    const { reading } = turn.planned;
    reading.read(event);
    if (turnEvent === 'ends') {
      this.#running.delete(key);
      const cost = reading.costAtEnd(event);
      return cost === undefined ? turn.release() : turn.settle(cost);
    }
    turn.cover((refusal) => this.#stop(key, new CallRefused(refusal)));
  }

  /** The provider begins what was asked for, what it may begin by itself, or what nobody awaited. */
  #begin(event: JsonObject, key: string): void {
    const lane = this.#protocol.laneOf(event);
    const at = this.#asked.findIndex(({ planned }) => planned.lane === lane);
    const [asked] = at < 0 ? [] : this.#asked.splice(at, 1);
    if (asked !== undefined) return void this.#running.set(key, asked);
    if (!this.#protocol.mayAnswerUnasked) return;
    const standing = this.#listening.take();
    if (standing !== undefined) return void this.#running.set(key, standing);
    const turn = new Turn(this.#protocol.unasked(0), undefined);
    this.#running.set(key, turn);
    void setAside(turn, this.#parts).then((refusal) => {
      if (refusal === undefined) return;
      this.#stop(key, refusal);
      // The provider charges for it all the same.
      const { model } = turn.planned;
      void turn.ended.then((cost) => bookUnreserved({ model, cost }, this.#parts)).catch(() => {});
    });
  }

  /** Ends an answer that may not go on, and says why. */
  #stop(key: string, refusal: unknown): void {
    const cancelling = this.#running.has(key) ? this.#protocol.cancelling(key) : undefined;
    if (cancelling !== undefined && this.#state === 'open') this.#sdk.send(cancelling);
    this.#refuse(undefined, refusal);
  }

  /** The provider has refused something. */
  #failed(error: JsonObject): void {
    const { eventId, lane } = this.#protocol.causeOf(error);
    const at = this.#asked.findIndex((turn) =>
      eventId === undefined ? turn.planned.lane === lane : turn.eventId === eventId,
    );
    if (at >= 0) {
      for (const turn of this.#asked.splice(at, 1)) turn.release();
    } else if (this.#protocol.failsWithError) {
      const turn = this.#running.get(lane);
      this.#running.delete(lane);
      turn?.settle(turn.planned.reading.costUnheard());
    }
  }

  /** Tells the caller that `event` was not sent, or what is wrong, as if the provider had said it. */
  #refuse(event: JsonObject | undefined, refusal: unknown): void {
    const { error, status } = bodyOf(refusal);
    const told = this.#protocol.errorEvent(error, status, event);
    this.#sdk._emit('event', told);
    this.#sdk._onError(told);
  }
}
