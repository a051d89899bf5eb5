/**
 * A streamed answer on its way to the caller: read, counted, passed on.
 *
 * It is settled when the usage is seen, not when the stream ends, because the openai package stops reading
 * at `[DONE]` and never sees the end. Where no usage comes (the caller leaves, the provider breaks off), what
 * was counted is settled. Nothing is read ahead of the caller, and no byte of it is copied: what the caller gets are the
 * provider's own chunks, or views of them where something is left out. Only what shows the tag of a response in the
 * background is written anew.
 */
import type { Denied } from '@bursar/api';
import { type EventBytes, EventSplitter } from './event-stream.ts';
import { joinedViews } from './joined-views.ts';
import type { StreamReader } from './provider-api.ts';
import type { ProviderCall } from './provider-call.ts';
import { denialEvent } from './refusal-response.ts';

/** `body`, whose events `events` understands, metered. */
export function meteredStream(
  body: ReadableStream<Uint8Array>,
  events: StreamReader,
  provided: ProviderCall,
): ReadableStream<Uint8Array> {
  const stream = new MeteredStream(body, events, provided);
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => stream.start(controller),
      pull: (controller) => stream.pull(controller),
      cancel: (reason) => stream.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** What one read brought. */
interface Step {
  readonly isEnd: boolean;
  /** As the provider sent it. */
  readonly chunk: Uint8Array | undefined;
  readonly events: readonly {
    /** What the caller is to see of the event. */
    readonly shown: EventBytes;
    /** Output tokens counted so far. */
    readonly outputTokens: number;
  }[];
}

class MeteredStream {
  readonly #provided: ProviderCall;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #splitter = new EventSplitter();
  readonly #events: StreamReader;
  #step: Promise<Step> | undefined;

  constructor(body: ReadableStream<Uint8Array>, events: StreamReader, provided: ProviderCall) {
    this.#reader = body.getReader();
    this.#events = events;
    this.#provided = provided;
  }

  start(controller: Controller): void {
    const { presence, unfinished } = this.#provided;
    // A `fetch` of the caller's own may not listen to its signal.
    presence.providerSignal.addEventListener('abort', () => {
      this.#reader.cancel().catch(() => {});
    });
    presence.onLeave((reason) => {
      controller.error(reason);
      unfinished.add(this.#finishUnheard());
    });
  }

  /** Passes on at least one event, or ends the stream. */
  async pull(controller: Controller): Promise<void> {
    const { presence } = this.#provided;
    try {
      for (let hasPassed = false; !hasPassed;) {
        const step = await this.#next();
        hasPassed = await this.#passOn(step, controller);
        if (presence.departure !== undefined) return;
        if (step.isEnd && !hasPassed) return this.#end(controller);
      }
    } catch (error) {
      if (presence.departure !== undefined) return;
      await this.#settle();
      presence.forget();
      controller.error(error);
    }
  }

  /** The caller reads no further. */
  cancel(reason: unknown): Promise<void> | void {
    const { presence } = this.#provided;
    if (!this.#events.isComplete) return presence.leave(reason);
    // Most go when they have heard it all, as without Bursar: there is nobody to stop any more.
    presence.forget();
    return this.#reader.cancel(reason);
  }

  /** Whether the caller got anything of `step`. */
  async #passOn({ chunk, events }: Step, controller: Controller): Promise<boolean> {
    const { call, presence } = this.#provided;
    if (presence.departure !== undefined) return false;
    let hasPassed = false;
    let passing: Uint8Array[] = [];
    const pass = (): void => {
      for (const bytes of joinedViews(passing, chunk)) controller.enqueue(bytes);
      hasPassed ||= passing.length > 0;
      passing = [];
    };
    for (const { shown, outputTokens } of events) {
      const covering = call.cover(outputTokens);
      if (covering !== undefined) {
        // What comes before does not wait for it.
        pass();
        const denied = await covering;
        if (presence.departure !== undefined) return hasPassed;
        if (denied !== undefined) {
          this.#stop(denied, controller);
          return true;
        }
      }
      passing.push(...shown);
    }
    pass();
    return hasPassed;
  }

  /** The provider has sent everything. */
  #end(controller: Controller): void {
    void this.#settle();
    this.#provided.presence.forget();
    controller.close();
  }

  /** The call may not go on: the caller learns why, the provider stops. */
  #stop(denied: Denied, controller: Controller): void {
    const { presence, errors } = this.#provided;
    void this.#settle();
    presence.stopProvider(new Error(denied.message));
    presence.forget();
    controller.enqueue(new TextEncoder().encode(denialEvent(denied, errors)));
    controller.close();
  }

  /** Nobody listens any more: reads on as long as the provider may go on, then settles what there is. */
  async #finishUnheard(): Promise<void> {
    const { call, presence } = this.#provided;
    try {
      while (!call.hasEnded && !presence.providerSignal.aborted) {
        if ((await this.#next()).isEnd) break;
      }
    } catch {
      // The provider broke off as well.
    }
    void this.#settle();
    presence.stopProvider(presence.departure?.reason);
    presence.forget();
  }

  async #settle(): Promise<void> {
    const { call, read, background } = this.#provided;
    const { isComplete, continuesAs } = this.#events;
    if (isComplete || continuesAs === undefined) await call.settle(this.#events.spent());
    else background.keep(continuesAs, { call, read });
  }

  /**
   * The next step. A step that was begun for the caller is the next one too when they have left meanwhile, so
   * that nothing is read twice or missed.
   */
  #next(): Promise<Step> {
    this.#step ??= this.#read().finally(() => {
      this.#step = undefined;
    });
    return this.#step;
  }

  async #read(): Promise<Step> {
    const { done, value } = await this.#reader.read();
    const events = done ? this.#lastEvent() : this.#splitter.push(value);
    return {
      isEnd: done,
      chunk: value,
      events: events.map((event) => ({
        shown: this.#readEvent(event),
        outputTokens: this.#events.outputTokens,
      })),
    };
  }

  /** What came after the last whole event, which may be one that only lacks its end. */
  #lastEvent(): readonly EventBytes[] {
    const rest = this.#splitter.rest();
    return rest.length === 0 ? [] : [rest];
  }

  /** Reads what an event says of usage, and returns what of it the caller is to see. */
  #readEvent(event: EventBytes): EventBytes {
    const shown = this.#events.read(event);
    if (this.#events.isComplete) void this.#settle();
    return shown;
  }
}
