/**
 * Opening a store that lets calls through when it is away.
 *
 * Owns the order: the journal's directory first, for only one process may carry on an outage; then the store
 * behind, if it can be reached; then the lenient tier, which books what a process before this one left.
 */
import type { Amount, Clock, InstantMs } from '@bursar/core';
import { opossumBreaker } from '../breaker/opossum-breaker.ts';
import type { Timers } from '../clock/timers.ts';
import { isAway } from '../leasing/away.ts';
import { directMode, lenientMode } from '../modes/mode.ts';
import type { Store, StoreLocation, StrictStore } from '../open-store.ts';
import { lockDirectory } from '../stores/postgres/directory-lock.ts';
import { RedisUnfit } from '../stores/redis/check-redis.ts';
import type { PolicyStore } from '../policies/policy-store.ts';
import type { Log } from '../telemetry/logger.ts';
import { RememberingTokenStore } from '../tokens/remembering-token-store.ts';
import { noteReached, wereReached } from './known-stores.ts';
import { LateStore } from './late-store.ts';
import { LenientTier } from './lenient-tier.ts';
import type { LenientTimes } from './lenient-times.ts';

/** Most calls let through that may be open at a time, and most calls of one outage. */
const OPEN_CALLS_MAX = 20_000;
const CALLS_MAX = 100_000;

/** How calls are let through while no store answers. */
export interface WhenAway {
  /** What this process may let through in one outage, in nano-USD; more than 0. */
  readonly allowance: Amount;
  /** Where the journal is; of this process alone. Made if it is missing. */
  readonly directory: string;
  /** How long to wait for another process to leave the directory, in milliseconds. Default: not at all. */
  readonly lockWaitMs?: number | undefined;
  readonly times?: Partial<LenientTimes> | undefined;
}

/** Stores on their own machines, or at least in their own processes. */
type RemoteLocation = Extract<StoreLocation, { kind: 'postgres' | 'hybrid' }>;

/** What is needed besides. */
export interface OpenLenientOptions {
  readonly location: RemoteLocation;
  readonly whenAway: WhenAway;
  readonly time: Clock & Timers;
  readonly log: Log;
  /** Opens the store behind. It is to attest that this process carries what `carriedSinceMs` says. */
  /** Hears of new policies while the stores can be reached. */
  readonly listen?: PolicyStore['listen'];
  readonly openBehind: (carriedSinceMs: () => InstantMs | undefined) => Promise<StrictStore>;
}

/**
 * Opens it. Throws `store_unavailable` when another process uses the directory, or when the stores are away and
 * were never reached with it before.
 */
export async function openLenient(options: OpenLenientOptions): Promise<Store> {
  const { location, whenAway, time, log, openBehind } = options;
  const { allowance, directory, lockWaitMs = 0, times } = whenAway;
  const addresses = addressesOf(location);
  const lock = await lockDirectory({ directory, waitMs: lockWaitMs });
  let carriedSinceMs: () => InstantMs | undefined = () => undefined;
  const late = new LateStore(async () => {
    const store = await openBehind(() => carriedSinceMs());
    await noteReached(directory, addresses);
    return store;
  });
  let tier: LenientTier | undefined;
  const close = async (): Promise<void> => {
    await tier?.close();
    await late.close();
    lock.release();
  };
  try {
    tier = await LenientTier.open({
      behind: late.tier(location.kind),
      reachLedger: async () => void (await (await late.open()).tier.nowMs()),
      reachCopies: () => late.reachCopies(),
      setAside: async (events) => late.store.keepAside(events),
      allowance,
      openMax: OPEN_CALLS_MAX,
      callsMax: CALLS_MAX,
      directory,
      makeBreaker: opossumBreaker,
      time,
      times,
      log,
    });
    const opened = tier;
    // Before the store is told for the first time what this process carries.
    carriedSinceMs = () => opened.carriedSinceMs;
    await late.open().catch(async (error: unknown) => {
      const mayCarryOn =
        isAway(error) &&
        !(error instanceof RedisUnfit) &&
        (await wereReached(directory, addresses));
      if (!mayCarryOn) throw error;
      log.error({ error }, 'the stores are away; this server starts without them');
    });
    await tier.start();
    return { ...parts(late, tier, options), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function parts(
  late: LateStore,
  tier: LenientTier,
  { time, listen }: OpenLenientOptions,
): Omit<Store, 'close'> {
  const beforeItIsOpen = directMode(time);
  return {
    tier,
    tokens: new RememberingTokenStore(late.tokens(), time),
    ownKeys: late.ownKeys(),
    policies: late.policies(listen),
    spend: late.spend(),
    modes: lenientMode(() => (late.isOpen ? late.store.modes : undefined) ?? beforeItIsOpen, tier),
    counts: () => ({ ...(late.isOpen ? late.store.counts?.() : {}), ...tier.counts }),
    audit: async () => late.store.audit(),
    isCurrent: async () => late.store.isCurrent(),
  };
}

/** Where the stores are, without user and password. */
function addressesOf(location: RemoteLocation): readonly string[] {
  const address = (url: string): string => {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  };
  if (location.kind === 'postgres') return [address(location.url)];
  const { databaseUrl, redisUrl, keyPrefix = '' } = location;
  return [address(databaseUrl), address(redisUrl), keyPrefix];
}
