/** The pacer of a connection, loaded and made when the first call is to be paced. */
import type { BursarError } from '@bursar/core';
import type { Pacer, PacerRuntime } from './pacer.ts';

/** What every connection has of it. */
export class Pacing {
  readonly #runtime: PacerRuntime;
  #pacer: Promise<Pacer> | undefined;

  constructor(runtime: PacerRuntime) {
    this.#runtime = runtime;
  }

  /** The pacer. */
  pacer(): Promise<Pacer> {
    this.#pacer ??= import('./pacer.ts').then(
      ({ Pacer: Made }) => new Made(this.#runtime),
      (error: unknown) => {
        this.#pacer = undefined;
        throw error;
      },
    );
    return this.#pacer;
  }

  /** Whoever waits is told `reason`. */
  close(reason: BursarError): void {
    void this.#pacer?.then(
      (pacer) => pacer.close(reason),
      () => {},
    );
  }
}
