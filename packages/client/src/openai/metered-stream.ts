/**
 * A streamed answer on its way to the caller: read, counted, passed on.
 *
 * It is settled when the usage is seen, not when the stream ends, because the openai package stops reading
 * at `[DONE]` and never sees the end. Where no usage comes (the caller leaves, the provider breaks off), what
 * was counted is settled. Nothing is read ahead of the caller.
 */
import type { Denied } from '@bursar/api';
import type { MeteredCall } from '../metered-call.ts';
import type { UnfinishedWork } from '../unfinished-work.ts';
import type { CallerPresence } from './caller-presence.ts';
import { denialEvent } from './denial-response.ts';
import { eventData, EventSplitter, eventText } from './event-stream.ts';
import { withoutUsage } from './hidden-usage.ts';
import type { ModelRequest } from './openai-request.ts';
import { streamedTokens } from './text-tokens.ts';
import {
  afterEvent,
  NOTHING_READ,
  parseEvent,
  spentIn,
  type StreamReading,
} from './usage-from-stream.ts';

/** What belongs to a call that is being answered. */
export interface AnsweredCall {
  readonly call: MeteredCall;
  readonly request: ModelRequest;
  readonly presence: CallerPresence;
  readonly unfinished: UnfinishedWork;
}

/** `body`, metered. */
export function meteredStream(
  body: ReadableStream<Uint8Array>,
  answered: AnsweredCall,
): ReadableStream<Uint8Array> {
  const stream = new MeteredStream(body, answered);
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => stream.start(controller),
      pull: (controller) => stream.pull(controller),
      cancel: (reason) => answered.presence.leave(reason),
    },
    { highWaterMark: 0 },
  );
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

class MeteredStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #splitter = new EventSplitter();
  readonly #call: MeteredCall;
  readonly #request: ModelRequest;
  readonly #presence: CallerPresence;
  readonly #unfinished: UnfinishedWork;
  #reading: StreamReading = NOTHING_READ;
  #pendingRead: ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> | undefined;

  constructor(body: ReadableStream<Uint8Array>, answered: AnsweredCall) {
    this.#reader = body.getReader();
    this.#call = answered.call;
    this.#request = answered.request;
    this.#presence = answered.presence;
    this.#unfinished = answered.unfinished;
  }

  start(controller: Controller): void {
    // A `fetch` of the caller's own may not listen to its signal.
    this.#presence.providerSignal.addEventListener('abort', () => this.#hangUp());
    this.#presence.onLeave((reason) => {
      controller.error(reason);
      this.#unfinished.add(this.#finishUnheard());
    });
  }

  /** Passes on at least one event, or ends the stream. */
  async pull(controller: Controller): Promise<void> {
    try {
      for (let isPassing = true; isPassing;) {
        const { done, value } = await this.#read();
        if (this.#presence.departure !== undefined) return;
        isPassing = done ? this.#close(controller) : !(await this.#passOn(value, controller));
      }
    } catch (error) {
      if (this.#presence.departure !== undefined) return;
      await this.#settle();
      this.#presence.forget();
      controller.error(error);
    }
  }

  /** Whether anything was passed on of what `chunk` completed. */
  async #passOn(chunk: Uint8Array, controller: Controller): Promise<boolean> {
    let hasPassed = false;
    for (const event of this.#splitter.push(chunk)) {
      const passed = this.#readEvent(event);
      const covering = this.#call.cover(streamedTokens(this.#reading.text));
      const denied = covering === undefined ? undefined : await covering;
      if (this.#presence.departure !== undefined) return true;
      if (denied !== undefined) return this.#stop(denied, controller);
      if (passed === undefined) continue;
      controller.enqueue(passed);
      hasPassed = true;
    }
    return hasPassed;
  }

  /** Reads what an event says of usage, and returns what of it the caller is to see. */
  #readEvent(event: Uint8Array): Uint8Array | undefined {
    const text = eventText(event);
    const data = eventData(text);
    if (data === undefined) return event;
    const parsed = parseEvent(data);
    this.#reading = afterEvent(this.#reading, data, parsed);
    if (this.#reading.isComplete) void this.#settle();
    return parsed !== undefined && this.#request.hidesUsage
      ? withoutUsage(event, text, parsed)
      : event;
  }

  /** The provider has sent everything. */
  #close(controller: Controller): false {
    for (const rest of this.#splitter.rest()) {
      const passed = this.#readEvent(rest);
      if (passed !== undefined) controller.enqueue(passed);
    }
    void this.#settle();
    this.#presence.forget();
    controller.close();
    return false;
  }

  /** The call may not go on: the caller learns why, the provider stops. */
  #stop(denied: Denied, controller: Controller): true {
    void this.#settle();
    this.#presence.stopProvider(new Error(denied.message));
    this.#presence.forget();
    controller.enqueue(new TextEncoder().encode(denialEvent(denied)));
    controller.close();
    return true;
  }

  /** Nobody listens any more: reads on as long as the provider may go on, then settles what there is. */
  async #finishUnheard(): Promise<void> {
    try {
      while (!this.#call.hasEnded && !this.#presence.providerSignal.aborted) {
        const { done, value } = await this.#read();
        if (done) break;
        for (const event of this.#splitter.push(value)) this.#readEvent(event);
      }
    } catch {
      // The provider broke off as well.
    }
    void this.#settle();
    this.#presence.stopProvider(this.#presence.departure?.reason);
    this.#presence.forget();
  }

  #settle(): Promise<void> {
    return this.#call.settle(spentIn(this.#reading, this.#request));
  }

  /** One read at a time: a read that was begun for the caller goes on when they have left. */
  #read(): ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> {
    this.#pendingRead ??= this.#reader.read().finally(() => {
      this.#pendingRead = undefined;
    });
    return this.#pendingRead;
  }

  #hangUp(): void {
    this.#reader.cancel().catch(() => {});
  }
}
