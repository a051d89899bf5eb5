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
import type { MeterWork } from './metered-work.ts';
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

/** A session: the same as the connection it is of, with every call a call of the session. */
export interface Session<Kind extends string = string> extends Pick<
  Bursar<Kind>,
  'wrap' | 'fetch'
> {
  readonly id: string;
  readonly meter: MeterWork<Kind>;
  /** What has come so far, once every settlement under way on the connection is acknowledged or given up. */
  summary(): Promise<SessionSummary>;
}

/** The kind of scope that sessions are. */
const SESSION_SCOPE = 'session';

/** A session with `id` on the connection `bursar`. */
export function sessionOf(bursar: Bursar, id: string): Session {
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
  return {
    id,
    wrap: <Client extends SdkClient>(client: Client, options: WrapOptions): Client =>
      withFetch(client, bursar.fetch(within(options), fetchOf(client))),
    fetch: (options: WrapOptions, base?: typeof fetch, api?: ProviderApi) =>
      bursar.fetch(within(options), base, api),
    meter: (call, work) => bursar.meter(within(call), work),
    summary: async () => {
      await bursar.settled();
      return (await loading).summary();
    },
  };
}
