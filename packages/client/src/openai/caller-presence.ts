/**
 * Whether somebody still waits for an answer, and what follows when nobody does.
 *
 * The provider gets a signal of its own instead of the caller's, because the two ends may part: when the
 * caller leaves, the provider is told at once (`graceMs` 0) or given time to finish unheard. Whoever waits on
 * behalf of the caller waits with `orLeft`, and is let go the moment the caller leaves.
 */
import type { Runtime } from '../runtime.ts';

/** A caller who may leave. */
export class CallerPresence {
  readonly #provider = new AbortController();
  readonly #graceMs: number;
  readonly #runtime: Runtime;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #left = Promise.withResolvers<never>();
  #cancelGrace = (): void => {};
  #hasLeft = false;

  constructor({
    signal,
    graceMs,
    runtime,
  }: {
    readonly signal: AbortSignal | undefined;
    readonly graceMs: number;
    readonly runtime: Runtime;
  }) {
    this.#graceMs = graceMs;
    this.#runtime = runtime;
    this.#callerSignal = signal;
    // Nobody may be waiting when it happens.
    this.#left.promise.catch(() => {});
    if (signal?.aborted) this.leave(signal.reason);
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Aborts when the provider is to stop. */
  get providerSignal(): AbortSignal {
    return this.#provider.signal;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** The caller goes away, for `reason`. */
  leave(reason: unknown): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#left.reject(reason);
    if (this.#graceMs === 0) this.#provider.abort(reason);
    else this.#cancelGrace = this.#runtime.after(this.#graceMs, () => this.#provider.abort(reason));
  }

  /** `work`, or a rejection with the reason as soon as the caller has left. */
  orLeft<Value>(work: Promise<Value>): Promise<Value> {
    return Promise.race([work, this.#left.promise]);
  }

  /** The call is over, and it no longer matters who is there. */
  forget(): void {
    this.#callerSignal?.removeEventListener('abort', this.#onAbort);
    this.#cancelGrace();
  }

  readonly #onAbort = (): void => this.leave(this.#callerSignal?.reason);
}
