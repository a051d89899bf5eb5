/** A Bursar with credit for everything, and a provider for each call, so that what is late of one is not seen by the next. */
import { startProvider } from '@bursar/local-provider';
import { createBursar } from '@bursar/server';
import { type Bursar, connect } from '../../src/index.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { Way } from './ways.ts';

/** What a call is given. */
export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Pair {
  readonly bursar: Bursar;
  /** The outcome of `call`, made in this way, once the provider and Bursar have done with it. */
  tried(call: (url: string, options: CallOptions) => Promise<unknown>, way: Way): Promise<Outcome>;
  /** What is set aside for `alice` once all is settled. */
  reservedUsd(): Promise<string>;
  close(): Promise<void>;
}

/** Opens it. */
export async function openPair(): Promise<Pair> {
  const server = await createBursar({ store: { kind: 'memory' }, defaultLimitUsd: '1000000.00' });
  const bursar = connect({ bursar: server });
  return {
    bursar,
    async tried(call, way) {
      const provider = await startProvider();
      const leaving = new AbortController();
      if (way.leaves === 'before') leaving.abort();
      if (way.leaves === 'during') void provider.arrived(1).then(() => leaving.abort());
      const options: CallOptions = {
        ...(way.headers === undefined ? {} : { headers: way.headers }),
        ...(way.leaves === undefined ? {} : { signal: leaving.signal }),
      };
      const outcome = await outcomeOf(
        () => call(provider.url, options),
        async () => {
          await bursar.settled();
          await provider.ended(provider.totals().arrived);
          // Whether a call arrives before its time is up is a race.
          return way.client?.timeout === undefined ? provider.calls : [];
        },
      );
      await provider.close();
      return outcome;
    },
    async reservedUsd() {
      await bursar.settled();
      return (await bursar.usage.current({ user: 'alice' })).reservedUsd;
    },
    async close() {
      await bursar.close();
      await server.close();
    },
  };
}
