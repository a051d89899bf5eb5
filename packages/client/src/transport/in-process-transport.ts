/** A Bursar server in this very process: the same procedures, parsing and checks, without a network. */
import type { BudgetView, createCaller } from '@bursar/api';
import { bursarErrorFrom } from './bursar-error-from.ts';
import { liveStates, type StateSink } from './live-states.ts';
import type { Transport } from './transport.ts';

/** What `createCaller` of `@bursar/api` returns. */
export type Caller = ReturnType<typeof createCaller>;

/** How to call a server in this process. */
export interface InProcess {
  readonly caller: Caller;
  /**
   * A caller whose calls end with `signal`, `(signal) => createCaller(context, { signal })`. Without it a
   * live iteration that was left lingers in the server until the user's budget changes once more.
   */
  readonly callerFor?: (signal: AbortSignal) => Caller;
}

/** The transport to the server behind `caller`. */
export function inProcessTransport({ caller, callerFor }: InProcess): Transport {
  const closing = new AbortController();
  return {
    meter: {
      reserve: (input) => answered(caller.meter.reserve(input)),
      extend: (input) => answered(caller.meter.extend(input)),
      settle: (input) => answered(caller.meter.settle(input)),
      release: (input) => answered(caller.meter.release(input)),
    },
    usage: {
      current: (input) => answered(caller.usage.current(input)),
      history: (input) => answered(caller.usage.history(input)),
      live: ({ user, signal }) =>
        liveStates([closing.signal, signal], (sink) => {
          const leaving = new AbortController();
          void follow(callerFor?.(leaving.signal) ?? caller, {
            user,
            sink,
            signal: leaving.signal,
          });
          return () => leaving.abort();
        }),
    },
    limits: {
      get: (input) => answered(caller.limits.get(input)),
      set: (input) => answered(caller.limits.set(input)),
    },
    keys: {
      register: (input) => answered(caller.keys.register(input)),
      list: (input = {}) => answered(caller.keys.list(input)),
      open: (input) => answered(caller.keys.open(input)),
      reject: (input) => answered(caller.keys.reject(input)),
      revoke: (input) => answered(caller.keys.revoke(input)),
    },
    close: () => closing.abort(),
  };
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

async function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw bursarErrorFrom(error, 'this process');
  }
}
