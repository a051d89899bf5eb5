/**
 * The event streams that are open, and when they must end although their clients would stay.
 *
 * A stream was allowed by a token when it began. Once a second every stream's token is looked at again, so
 * that revoking one ends its streams too; and a server that stops ends all of them. They are cut, not
 * closed: to a client a finished subscription is final, a cut one is a reason to reconnect and resume.
 */
import type { ServerResponse } from 'node:http';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';

/** How often the tokens of open streams are looked at again. */
export const STREAM_CHECK_MS = 1_000;

/** Open responses that may be event streams. */
export class OpenStreams {
  readonly #timers: Timers;
  readonly #isStillGood: (authorization: string) => Promise<boolean>;
  readonly #log: Log;
  readonly #open = new Map<ServerResponse, string>();
  #cancelCheck: (() => void) | undefined;

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
    this.#open.set(response, authorization);
    response.once('close', () => this.#open.delete(response));
    if (this.#cancelCheck === undefined) this.#scheduleCheck();
  }

  /** Cuts every stream. Other responses are left to finish. */
  cutAll(): void {
    for (const response of this.#open.keys()) cut(response);
  }

  #scheduleCheck(): void {
    this.#cancelCheck = this.#timers.after(STREAM_CHECK_MS, () => void this.#check());
  }

  async #check(): Promise<void> {
    for (const [response, authorization] of this.#open) {
      try {
        if (!(await this.#isStillGood(authorization))) cut(response);
      } catch (error) {
        this.#log.debug({ error }, "an open stream's token could not be looked at; trying again");
      }
    }
    this.#cancelCheck = undefined;
    if (this.#open.size > 0) this.#scheduleCheck();
  }
}

function cut(response: ServerResponse): void {
  const isStream = String(response.getHeader('content-type')).startsWith('text/event-stream');
  if (isStream) response.destroy();
}
