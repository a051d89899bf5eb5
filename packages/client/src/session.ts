/**
 * Calls that belong together: a conversation, a report, a run of an agent. All are charged to the budgets of the
 * session too, if the policies name any, and what they came to can be asked for here at once.
 *
 * The sum is of the calls that this object has made: the ledger, which has the session in its scopes, is what counts.
 */
import type { Usage } from '@bursar/core';
import { bothHooks, type CallHooks } from './call-hooks.ts';
import type { Bursar } from './connect.ts';
import type { ProviderApi } from './http/provider-api.ts';
import { fetchOf, type SdkClient, withFetch } from './http/sdk-client.ts';
import type { MeterWork, WorkToMeter } from './metered-work.ts';
import type { Runtime } from './runtime.ts';
import type { WrapOptions } from './wrap-options.ts';

/** What the calls of a session have come to. */
export interface SessionSummary {
  readonly session: string;
  /** Calls that were let through. */
  readonly calls: number;
  /** Calls that were refused. */
  readonly denied: number;
  /** Calls whose cost is booked. */
  readonly settled: number;
  /** What those did cost, decimal USD. */
  readonly costUsd: string;
  /** What those did use. */
  readonly usage: Usage;
}

/** What a purse sets aside. */
export type PurseOptions<Kind extends string = string> = Extract<
  WorkToMeter<Kind>,
  { readonly amountUsd: string }
> & {
  /** How long it is kept while no work runs, in milliseconds; 60,000 by default, 3,600,000 at most. */
  readonly idleMs?: number;
};

/** A call that a purse pays. */
export interface PurseCall {
  /** What it may cost at most, decimal USD. */
  readonly amountUsd: string;
  /** What the ledger is to say, if the call gets a reservation of its own. */
  readonly model?: string;
}

/** The work of such a call. In `costUsd` it says what it did cost, decimal USD. */
export type PurseWork<Value> = (running: {
  /** UUID; also in the ledger. Of all calls of a purse the same. */
  readonly reservation: string;
  /** Total cost so far: what is charged if the work fails. */
  spentSoFar(costUsd: string): void;
}) => PromiseLike<{ readonly value: Value; readonly costUsd: string }>;

/**
 * An amount that is set aside once for many calls, which are paid out of it without asking the server. It is closed when
 * nothing has run for `idleMs`, after `callMsMax`, and with the connection; should the process die before, all of it is charged.
 */
export interface SessionPurse {
  /** UUID; also in the ledger. */
  readonly reservation: string;
  /** What further calls can be paid, decimal USD; 0 when it is closed. */
  readonly remainingUsd: string;
  /**
   * Runs `work`, paid by the purse; by a reservation of its own where the purse has not enough left or is closed, and with what
   * `Session.meter` throws then.
   */
  meter<Value>(call: PurseCall, work: PurseWork<Value>): Promise<Value>;
  /** Gives back what was not spent, once no work runs. Resolves when the cost is booked; may be called again. */
  close(): Promise<void>;
}

/** A session: the same as the connection it is of, with every call a call of the session. */
export interface Session<Kind extends string = string> extends Pick<
  Bursar<Kind>,
  'wrap' | 'fetch'
> {
  readonly id: string;
  readonly meter: MeterWork<Kind>;
  /** Sets an amount aside for calls to come. Rejects with `CallRefused` when there is no room for it. */
  purse(options: PurseOptions<Kind>): Promise<SessionPurse>;
  /** What has come so far, once every settlement under way on the connection is acknowledged or given up. */
  summary(): Promise<SessionSummary>;
}

/** The kind of scope that sessions are. */
const SESSION_SCOPE = 'session';

/** A session with `id` on the connection `bursar`. Its open purses are in `purses`. */
export function sessionOf(
  bursar: Bursar,
  id: string,
  { runtime, purses }: { readonly runtime: Runtime; readonly purses: Set<SessionPurse> },
): Session {
  // Loaded by those who have sessions.
  const loading = import('./session-sums.ts').then(({ SessionSums }) => new SessionSums(id));
  const hooks: CallHooks = {
    onDecision: (_call, decision) => void loading.then((sums) => sums.decided(decision)),
    onUnreserved: () => void loading.then((sums) => sums.letThrough()),
    onSettled: (_call, settled) => void loading.then((sums) => sums.settled(settled)),
  };
  const within = <Options extends Pick<WrapOptions, 'scopes'> & CallHooks>(
    options: Options,
  ): Options => ({
    ...options,
    ...bothHooks(options, hooks),
    scopes: { ...options.scopes, [SESSION_SCOPE]: id },
  });
  const meter: MeterWork = (call, work) => bursar.meter(within(call), work);
  return {
    id,
    wrap: <Client extends SdkClient>(client: Client, options: WrapOptions): Client =>
      withFetch(client, bursar.fetch(within(options), fetchOf(client))),
    fetch: (options: WrapOptions, base?: typeof fetch, api?: ProviderApi) =>
      bursar.fetch(within(options), base, api),
    meter,
    purse: async (options) =>
      await (await import('./session-purse.ts')).openPurse(meter, options, { runtime, purses }),
    summary: async () => {
      await bursar.settled();
      return (await loading).summary();
    },
  };
}
