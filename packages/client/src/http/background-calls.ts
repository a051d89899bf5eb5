/**
 * Calls that the provider goes on with after it has answered. Their money stays set aside until somebody asks for the
 * result through a wrapped client, of this connection or of another process: that is what they are settled with. One
 * that nobody asks for expires, and is charged in full.
 */
import type { ReadRequest } from './provider-api.ts';
import type { AnsweredCall } from './provider-call.ts';

/** Most calls that are remembered; the oldest is forgotten first, and expires. */
export const BACKGROUND_CALLS_MAX = 10_000;

/** A call in the background. */
export interface BackgroundCall {
  readonly call: AnsweredCall;
  readonly read: ReadRequest;
}

/** The calls of one connection, by the provider's id. */
export class BackgroundCalls {
  readonly #calls = new Map<string, BackgroundCall>();
  /** Reservations of ended calls that others may have made. */
  readonly #over = new Set<string>();

  keep(id: string, call: BackgroundCall): void {
    this.#calls.set(id, call);
    call.call.goOnInBackground();
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

  /** Whether `reservation` is known to be settled, so that nobody need be told again. */
  isOver(reservation: string): boolean {
    return this.#over.has(reservation);
  }

  noteOver(reservation: string): void {
    this.#over.add(reservation);
    if (this.#over.size <= BACKGROUND_CALLS_MAX) return;
    for (const oldest of this.#over) {
      this.#over.delete(oldest);
      return;
    }
  }
}
