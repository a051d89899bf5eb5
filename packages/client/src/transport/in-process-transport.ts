/** A Bursar server in this very process: the same procedures, parsing and checks, without a network. */
import type { Caller } from '@bursar/api';
import { loading } from '../loading.ts';
import { lazily } from './lazily.ts';
import type { Transport } from './transport.ts';

/** A server that was made with `createBursar` of `@bursar/server`, in this process. */
export interface Embedded {
  readonly bursar: EmbeddedServer;
  /** On whose behalf; `default` by default. */
  readonly tenant?: string;
}

/** What is needed of it. */
export interface EmbeddedServer {
  caller(
    principal: { readonly tenant: string },
    options?: { readonly signal?: AbortSignal },
  ): Caller;
}

/** How to call a server in this process, in general. */
export interface InProcess {
  readonly caller: Caller;
  /**
   * A caller whose calls end with `signal`, `(signal) => createCaller(context, { signal })`. Without it a
   * live iteration that was left lingers in the server until the budget changes once more.
   */
  readonly callerFor?: (signal: AbortSignal) => Caller;
}

/** How to call an embedded server. */
export function callersOf({ bursar, tenant = 'default' }: Embedded): InProcess {
  return {
    caller: bursar.caller({ tenant }),
    callerFor: (signal) => bursar.caller({ tenant }, { signal }),
  };
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
      live: (query) =>
        lazily(async () => {
          const { followInProcess } = await import('./in-process-live.ts');
          return followInProcess(server, query, closing.signal);
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

const loadErrors = loading(() => import('./bursar-error-from.ts'));

async function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    const { bursarErrorFrom } = await loadErrors();
    throw bursarErrorFrom(error, 'this process');
  }
}
