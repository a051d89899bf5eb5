/**
 * A connection whose every answer is a call of its own: set aside before it is asked for, settled when it ends.
 *
 * Events leave in the order in which they were given: while it is being decided about one, those after it wait. What
 * the provider begins by itself, because it heard somebody speak, has its money set aside before the sound is sent.
 * What it begins all the same is noticed, and ended where it may not go on; what it cost until then is booked.
 */
import { CallRefused } from '../call-refused.ts';
import type { Bursar } from '../connect.ts';
import { isObject, type JsonObject, parseJson, stringOf } from '../http/json-fields.ts';
import type { WorkToMeter } from '../metered-work.ts';
import type { Runtime } from '../runtime.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { PlannedTurn, Protocol } from './protocol.ts';
import { type Internals, onSocket } from './sdk-connection.ts';
import { bodyOf, unpriced } from './refusal.ts';
import { Turn } from './turn.ts';
import { bookUnreserved } from './unreserved.ts';

/** Most sound that one reservation for an answer nobody asked for covers. */
const SOUND_SECONDS = 60;
/** After a refusal, this much sound is not sent before room is asked for again. */
const SILENCED_SECONDS = 1;
/** How long room is kept for an answer while no sound is sent. Longer than providers wait for speech to end. */
const SILENCE_MS_MAX = 30_000;

/** What a metered connection works with. */
export interface ConnectionParts {
  readonly meter: Bursar['meter'];
  readonly options: ConnectionOptions;
  readonly protocol: Protocol;
  readonly runtime: Runtime;
}

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
  /** The answer that the provider may begin by itself. */
  #standing: Turn | undefined;
  /** How much sound goes unheard before room is asked for again. */
  #silencedBytes = 0;
  #hadSound = false;

  constructor(sdk: Internals, parts: ConnectionParts) {
    this.#sdk = sdk;
    this.#parts = parts;
    this.#protocol = parts.protocol;
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
      this.#state = 'opening';
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
    this.#state = this.#isReconnecting ? 'opening' : 'closed';
    for (const turn of [...this.#asked, ...this.#running.values()]) {
      turn.settle(turn.planned.reading.costUnheard());
    }
    this.#asked = [];
    this.#running.clear();
    this.#giveUpStanding();
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
    const refusal = await this.#setAside(turn);
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
    const { soundBytesPerSecond } = this.#protocol;
    if (this.#silencedBytes > 0) {
      this.#silencedBytes -= bytes;
      return;
    }
    const needed = this.#protocol.unasked(bytes);
    this.#hadSound = true;
    const standing = this.#standing?.planned;
    if (standing !== undefined && needed.inputTokens <= standing.inputTokens) {
      return this.#pass(event, forward);
    }
    this.#giveUpStanding();
    this.#protocol.forgetSilence();
    const planned = this.#protocol.unasked(bytes + SOUND_SECONDS * soundBytesPerSecond);
    const turn = new Turn(planned, undefined);
    const deciding = this.#setAside(turn).then((refusal) => {
      if (refusal !== undefined) {
        this.#silencedBytes = SILENCED_SECONDS * soundBytesPerSecond;
        return this.#refuse(event, refusal);
      }
      this.#standing = turn;
      this.#giveUpInSilence(turn);
      if (this.#state === 'closed') this.#giveUpStanding();
      this.#pass(event, forward);
    });
    this.#waitFor(deciding);
  }

  /** Gives back what is kept for an answer once no sound has been sent for a while. */
  #giveUpInSilence(turn: Turn): void {
    this.#hadSound = false;
    this.#parts.runtime.after(SILENCE_MS_MAX, () => {
      if (this.#standing !== turn) return;
      if (this.#hadSound) this.#giveUpInSilence(turn);
      else this.#giveUpStanding();
    });
  }

  #giveUpStanding(): void {
    this.#standing?.release();
    this.#standing = undefined;
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
    const standing = this.#standing;
    this.#standing = undefined;
    if (standing !== undefined) return void this.#running.set(key, standing);
    const turn = new Turn(this.#protocol.unasked(0), undefined);
    this.#running.set(key, turn);
    void this.#setAside(turn).then((refusal) => {
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

  /** Sets aside what `turn` may cost, until it ends. Answers with the refusal. */
  #setAside(turn: Turn): Promise<unknown> {
    return new Promise((resolve) => {
      const work = this.#parts.meter(this.#callOf(turn.planned), (running) => {
        turn.attach(running);
        resolve(undefined);
        return turn.ended;
      });
      // Once it is set aside, nothing but a release can be thrown, which nobody waits for.
      work.catch(resolve);
    });
  }

  #callOf(planned: PlannedTurn): WorkToMeter {
    const { model, inputTokens, outputTokensMax, audio, serviceTier } = planned;
    const { unmeteredRoutes: _routes, ...options } = this.#parts.options;
    return {
      ...options,
      model,
      inputTokens,
      audio,
      ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
      ...(serviceTier === undefined ? {} : { serviceTier }),
    };
  }

  /** Tells the caller that `event` was not sent, or what is wrong, as if the provider had said it. */
  #refuse(event: JsonObject | undefined, refusal: unknown): void {
    const { error, status } = bodyOf(refusal);
    const told = this.#protocol.errorEvent(error, status, event);
    this.#sdk._emit('event', told);
    this.#sdk._onError(told);
  }
}
