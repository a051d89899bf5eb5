/**
 * Whether somebody still waits for an answer, and what follows when nobody does.
 *
 * The provider gets a signal of its own instead of the caller's, because the two ends may part: when the
 * caller leaves, the provider is told at once, or given time to finish unheard. Whoever waits on behalf of the
 * caller waits with `orLeft`, and is let go the moment the caller leaves.
 */
import type { MeteringContext } from '../metering-context.ts';

/** A caller who may leave. */
export class CallerPresence {
  readonly #provider = new AbortController();
  readonly #graceMs: number;
  readonly #context: Pick<MeteringContext, 'runtime' | 'drains'>;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #listeners: ((reason: unknown) => void)[] = [];
  #departure: { readonly reason: unknown } | undefined;
  #endGrace = (): void => {};

  constructor(
    parts: {
      readonly signal: AbortSignal | undefined;
      /** How long the provider may go on after the caller has left, in milliseconds; 0: not at all. */
      readonly graceMs: number;
    },
    context: Pick<MeteringContext, 'runtime' | 'drains'>,
  ) {
    this.#graceMs = parts.graceMs;
    this.#context = context;
    this.#callerSignal = parts.signal;
    if (parts.signal?.aborted) this.leave(parts.signal.reason);
    else parts.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Aborts when the provider is to stop. */
  get providerSignal(): AbortSignal {
    return this.#provider.signal;
  }

  /** Why the caller left, if they did. */
  get departure(): { readonly reason: unknown } | undefined {
    return this.#departure;
  }

  /** The caller goes away. Only the first reason counts. */
  leave(reason: unknown): void {
    if (this.#departure !== undefined) return;
    this.#departure = { reason };
    const endDrain = this.#graceMs > 0 ? this.#context.drains.take() : undefined;
    if (endDrain === undefined) this.stopProvider(reason);
    else this.#beginGrace(reason, endDrain);
    for (const listener of this.#listeners.splice(0)) listener(reason);
  }

  /** Tells the provider to stop, whoever still waits. */
  stopProvider(reason: unknown): void {
    this.#endGrace();
    this.#provider.abort(reason);
  }

  /** Calls `listener` when the caller leaves, at once if they have left. */
  onLeave(listener: (reason: unknown) => void): void {
    if (this.#departure === undefined) this.#listeners.push(listener);
    else listener(this.#departure.reason);
  }

  /** `work`, or a rejection with the reason as soon as the caller has left. */
  orLeft<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.onLeave(reject);
      work.then(resolve, reject);
    });
  }

  /** The call is over: it no longer matters who is there. */
  forget(): void {
    this.#callerSignal?.removeEventListener('abort', this.#onAbort);
    this.#listeners.length = 0;
    this.#endGrace();
  }

  #beginGrace(reason: unknown, endDrain: () => void): void {
    const cancel = this.#context.runtime.after(this.#graceMs, () => this.stopProvider(reason));
    this.#endGrace = () => {
      cancel();
      endDrain();
    };
  }

  readonly #onAbort = (): void => this.leave(this.#callerSignal?.reason);
}
