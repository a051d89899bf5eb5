/** Live usage in this process: the subscription of a caller. */
import type { BudgetView } from '@bursar/api';
import { bursarErrorFrom } from './bursar-error-from.ts';
import type { Caller, InProcess } from './in-process-transport.ts';
import { liveStates, type StateSink } from './live-states.ts';

/** The states of `user`'s budget until one of `signals` aborts. */
export function followInProcess(
  { caller, callerFor }: InProcess,
  {
    user,
    signals,
  }: { readonly user: string; readonly signals: readonly (AbortSignal | undefined)[] },
): AsyncIterableIterator<BudgetView> {
  return liveStates(signals, (sink) => {
    const leaving = new AbortController();
    void follow(callerFor?.(leaving.signal) ?? caller, { user, sink, signal: leaving.signal });
    return () => leaving.abort();
  });
}

async function follow(
  caller: Caller,
  { user, sink, signal }: { user: string; sink: StateSink; signal: AbortSignal },
): Promise<void> {
  try {
    for await (const tracked of await caller.usage.live({ user })) {
      if (signal.aborted) return;
      sink.push(stateIn(tracked));
    }
    sink.end();
  } catch (error) {
    sink.fail(bursarErrorFrom(error, 'this process'));
  }
}

/**
 * The state in what a subscription yields: what is typed as it arrives over the network is here still in
 * tRPC's own envelope, [id, state, mark].
 */
function stateIn(tracked: { readonly data: BudgetView }): BudgetView {
  return Array.isArray(tracked) ? (tracked[1] as BudgetView) : tracked.data;
}
