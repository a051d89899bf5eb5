/**
 * The event streams and WebSockets that are open, and when they must end although their clients would stay.
 *
 * A stream was allowed by a token when it began. Once a second every stream's token is looked at again, so
 * that revoking one ends its streams within two; and a server that stops ends all of them. Event streams are cut, not
 * closed: to a client a finished subscription is final, a cut one is a reason to reconnect and resume.
 */
import type { ServerResponse } from 'node:http';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';

/** How often the tokens of open streams are looked at again. */
export const STREAM_CHECK_MS = 1_000;

/** Something that stays open. */
export interface OpenStream {
  /** Ends it now: its token is no good any more. */
  cut(): void;
  /** Ends it as soon as it may: the server stops. May be repeated. */
  leave(): void;
}

/** Open responses that may be event streams, and WebSockets. */
export class OpenStreams {
  readonly #timers: Timers;
  readonly #isStillGood: (authorization: string) => Promise<boolean>;
  readonly #log: Log;
  readonly #open = new Map<OpenStream, string>();
  #isCheckPlanned = false;
  #isEnding = false;

  constructor(options: {
    readonly timers: Timers;
    readonly isStillGood: (authorization: string) => Promise<boolean>;
    readonly log: Log;
  }) {
    this.#timers = options.timers;
    this.#isStillGood = options.isStillGood;
    this.#log = options.log;
  }

  /** Looks after `response` until it is closed. */
  add(response: ServerResponse, authorization: string): void {
    const end = (): void => cut(response);
    response.once('close', this.watch({ cut: end, leave: end }, authorization));
  }

  /** Looks after `stream` until the answer is called. */
  watch(stream: OpenStream, authorization: string): () => void {
    this.#open.set(stream, authorization);
    if (!this.#isCheckPlanned) this.#planCheck();
    return () => this.#open.delete(stream);
  }

  /** Ends every stream, and with the next check those that begin after this. Other responses may finish. */
  endAll(): void {
    this.#isEnding = true;
    for (const stream of this.#open.keys()) stream.leave();
  }

  #planCheck(): void {
    this.#isCheckPlanned = true;
    this.#timers.after(STREAM_CHECK_MS, () => void this.#check());
  }

  async #check(): Promise<void> {
    for (const [stream, authorization] of this.#open) {
      if (this.#isEnding) stream.leave();
      else if (!(await this.#isGood(authorization))) stream.cut();
    }
    this.#isCheckPlanned = false;
    if (this.#open.size > 0) this.#planCheck();
  }

  async #isGood(authorization: string): Promise<boolean> {
    try {
      return await this.#isStillGood(authorization);
    } catch (error) {
      this.#log.debug({ error }, "an open stream's token could not be looked at; trying again");
      return true;
    }
  }
}

function cut(response: ServerResponse): void {
  const isStream = String(response.getHeader('content-type')).startsWith('text/event-stream');
  if (isStream) response.destroy();
}
