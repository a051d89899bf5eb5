/** How old the oldest event is that Redis has and the ledger has not, looked at again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { newestEvent, positionOf, type Stores } from './stores.ts';

const LOOK_MS = 25;

/** Looks until `signal`. Resolves with an age in milliseconds for each look: 0 when everything is home. */
export async function lagsUntil(signal: AbortSignal, stores: Stores): Promise<readonly number[]> {
  const lags: number[] = [];
  while (!signal.aborted) {
    // Asked first: what comes in between counts as home, or as younger.
    const newest = await newestEvent(stores.redis);
    const position = await positionOf(stores.database);
    const isHome = newest === undefined || position === undefined || newest === position;
    // The id of an event begins with when Redis took it in.
    lags.push(isHome ? 0 : Math.max(0, Date.now() - Number(position.split('-')[0])));
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  return lags;
}
