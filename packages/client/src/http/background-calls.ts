/**
 * Calls that the provider goes on with after it has answered. Their money stays set aside, and their hearts beat, until
 * somebody asks for the result through a client of the same connection: that is what they are settled with. One
 * that nobody asks for expires, and is charged in full.
 */
import type { MeteredCall } from '../metered-call.ts';
import type { ReadRequest } from './provider-api.ts';

/** Most calls that are remembered; the oldest is forgotten first, and expires. */
export const BACKGROUND_CALLS_MAX = 10_000;

/** A call in the background. */
export interface BackgroundCall {
  readonly call: MeteredCall;
  readonly read: ReadRequest;
}

/** The calls of one connection, by the provider's id. */
export class BackgroundCalls {
  readonly #calls = new Map<string, BackgroundCall>();

  keep(id: string, call: BackgroundCall): void {
    this.#calls.set(id, call);
    if (this.#calls.size <= BACKGROUND_CALLS_MAX) return;
    for (const oldest of this.#calls.keys()) {
      this.#calls.delete(oldest);
      return;
    }
  }

  /** The call, unless it has ended. */
  find(id: string): BackgroundCall | undefined {
    const found = this.#calls.get(id);
    if (found?.call.hasEnded !== true) return found;
    this.#calls.delete(id);
    return undefined;
  }

  forget(id: string): void {
    this.#calls.delete(id);
  }
}
