/**
 * The heartbeat of a running call: says every now and then that it still runs, so that its reservation does
 * not expire under it. Ends by itself after a number of beats, so that a call that nobody finishes cannot
 * keep money aside for ever.
 */
import type { Runtime } from './runtime.ts';

/** How a call's heart beats. */
export interface Heartbeat {
  /** From the end of one beat to the next, in milliseconds. */
  readonly everyMs: number;
  readonly beatsMax: number;
  /** One beat; `false` says that there is nothing left to keep alive. It must not throw. */
  beat(): Promise<boolean>;
  /** Called when it ends by itself: nobody is waited for any more. */
  onEnd(): void;
}

/** Starts beating `everyMs` from now. The answer stops it, at once and for good. */
export function startHeartbeat(
  { everyMs, beatsMax, beat, onEnd }: Heartbeat,
  runtime: Runtime,
): () => void {
  let isStopped = false;
  let cancel = (): void => {};
  const schedule = (beatsLeft: number): void => {
    if (beatsLeft <= 0) return onEnd();
    cancel = runtime.after(everyMs, () => {
      void beat().then((goesOn) => {
        if (!isStopped) schedule(goesOn ? beatsLeft - 1 : 0);
      });
    });
  };
  schedule(beatsMax);
  return () => {
    isStopped = true;
    cancel();
  };
}
