/** Live usage in this process: the subscription of a caller. */
import type { BudgetView, Caller } from '@bursar/api';
import { bursarErrorFrom } from './bursar-error-from.ts';
import type { InProcess } from './in-process-transport.ts';
import { type LiveSubject, liveSubjectOf } from './live-subject.ts';
import { liveStates, type StateSink } from './live-states.ts';
import type { LiveUsageQuery } from './transport.ts';

/** The states of the budget that `query` names until its signal or `closing` aborts. */
export function followInProcess(
  { caller, callerFor }: InProcess,
  query: LiveUsageQuery,
  closing: AbortSignal,
): AsyncIterableIterator<BudgetView> {
  const subject = liveSubjectOf(query);
  return liveStates([closing, query.signal], (sink) => {
    const leaving = new AbortController();
    void follow(callerFor?.(leaving.signal) ?? caller, { subject, sink, signal: leaving.signal });
    return () => leaving.abort();
  });
}

async function follow(
  caller: Caller,
  { subject, sink, signal }: { subject: LiveSubject; sink: StateSink; signal: AbortSignal },
): Promise<void> {
  try {
    for await (const tracked of await caller.usage.live(subject)) {
      if (signal.aborted) return;
      sink.push(stateIn(tracked));
    }
    sink.end();
  } catch (error) {
    sink.fail(bursarErrorFrom(error, 'this process'));
  }
}

/**
 * The state in what a subscription yields: what is typed as it arrives over the network comes out of tRPC's caller still
 * in its own envelope, [id, state, mark].
 */
function stateIn(tracked: { readonly data: BudgetView }): BudgetView {
  return Array.isArray(tracked) ? (tracked[1] as BudgetView) : tracked.data;
}
