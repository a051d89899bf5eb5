/** The pacer of a connection, loaded and made when the first call is to be paced. */
import type { BursarError } from '@bursar/core';
import { loading } from '../loading.ts';
import type { Pacer, PacerRuntime } from './pacer.ts';

/** What every connection has of it. */
export interface Pacing {
  pacer(): Promise<Pacer>;
  /** Whoever waits is told `reason`, and so is whoever comes. */
  close(reason: BursarError): void;
}

/** That of a connection on `runtime`. */
export function pacingOn(runtime: PacerRuntime): Pacing {
  let made: Pacer | undefined;
  let closed: BursarError | undefined;
  return {
    pacer: loading(async () => {
      const { Pacer } = await import('./pacer.ts');
      made = new Pacer(runtime);
      if (closed !== undefined) made.close(closed);
      return made;
    }),
    close: (reason) => {
      closed = reason;
      made?.close(reason);
    },
  };
}
