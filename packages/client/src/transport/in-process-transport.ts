/** A Bursar server in this very process: the same procedures, parsing and checks, without a network. */
import type { createCaller } from '@bursar/api';
import { bursarErrorFrom } from './bursar-error-from.ts';
import { lazily } from './lazily.ts';
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
export function inProcessTransport(server: InProcess): Transport {
  const { caller } = server;
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
        lazily(async () => {
          const { followInProcess } = await import('./in-process-live.ts');
          return followInProcess(server, { user, signals: [closing.signal, signal] });
        }),
    },
    limits: {
      get: (input) => answered(caller.limits.get(input)),
      set: (input) => answered(caller.limits.set(input)),
      clear: (input) => answered(caller.limits.clear(input)),
    },
    policies: {
      get: () => answered(caller.policies.get()),
      put: (input) => answered(caller.policies.put(input)),
      explain: (input) => answered(caller.policies.explain(input)),
      promotions: (input = {}) => answered(caller.policies.promotions(input)),
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

async function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw bursarErrorFrom(error, 'this process');
  }
}
