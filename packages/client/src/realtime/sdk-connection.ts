/**
 * What is used of the openai package's connections: described here by shape, so that the package is not needed, and
 * checked when a connection is wrapped, because half of it is not declared by the package (openai 6.49 and 7.57).
 */
import { BursarError } from '@bursar/core';
import type { JsonObject } from '../http/json-fields.ts';

/** A connection of the openai package. */
export interface SdkConnection {
  /** Where it leads; the realtime API's has the model in it. */
  readonly url: URL;
  readonly socket: object;
  send(event: never): void;
}

/** The socket below it: of `ws`, of the runtime, or one of the package's own around either. */
export interface SdkSocket {
  /** 0 while it opens, 1 while it is open. */
  readonly readyState: number;
}

/** The same connection as the meter sees it. */
export interface Internals {
  readonly socket: SdkSocket;
  send(event: unknown): void;
  /** Of the realtime API. */
  sendResponseCreate?(event: unknown): void;
  /** Of responses: a text that is an event. */
  sendRaw?(data: unknown): void;
  on(event: string, listener: (...values: never[]) => void): unknown;
  /** Tells the caller's listeners. */
  _emit(event: string, ...values: unknown[]): void;
  /** Tells the caller's listeners of an `error` event of the provider. */
  _onError(event: JsonObject): void;
}

const METERED = Symbol.for('bursar.metered-connection');

/** `connection` as the meter sees it, and marked as metered. Throws `input_invalid` for anything else. */
export function internalsOf(connection: SdkConnection): Internals {
  const internals = connection as unknown as Internals & { [METERED]?: true };
  const isConnection =
    (['send', 'on', '_emit', '_onError'] as const).every(
      (name) => typeof internals[name] === 'function',
    ) && typeof internals.socket?.readyState === 'number';
  if (!isConnection) {
    throw invalid('must be a connection of the openai package, version 6 or 7');
  }
  if (internals[METERED] === true) throw invalid('is metered already');
  Object.defineProperty(internals, METERED, { value: true });
  return internals;
}

/** Calls `listener` when something happens to `socket`. */
export function onSocket(socket: SdkSocket, event: 'open' | 'close', listener: () => void): void {
  const { on, addEventListener } = socket as {
    readonly on?: (event: string, listener: () => void) => void;
    readonly addEventListener?: (event: string, listener: () => void) => void;
  };
  (addEventListener ?? on)?.call(socket, event, listener);
}

function invalid(problem: string): BursarError {
  return new BursarError('input_invalid', {
    field: 'connection',
    message: `connection ${problem}`,
  });
}
