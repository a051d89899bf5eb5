/** Opens the hybrid on a real Redis: the one place where its connection, its copies and its checks meet. */
import type { Authority, Clock, HolderId, InstantMs } from '@bursar/core';
import type { Timers } from './clock/timers.ts';
import { DEFAULTS } from './defaults.ts';
import type { HybridLocation } from './open-store.ts';
import { type Hybrid, openHybrid } from './open-hybrid.ts';
import { RedisCopies } from './stores/redis/redis-copies.ts';
import { shardOfTenant } from './stores/redis/redis-keys.ts';
import { SYNC_PRESETS } from './sync/plan-sync.ts';
import type { Log } from './telemetry/logger.ts';

/** Opens it. Throws `store_unavailable` when PostgreSQL is away or Redis must not be used as it is set up. */
export async function openRedisHybrid(
  location: HybridLocation,
  authority: Authority,
  options: {
    readonly time: Clock & Timers;
    /** Replaces Redis's own clock in tests. */
    readonly testClock: Clock | undefined;
    readonly log: Log;
    /** See `SyncManagerOptions`. */
    readonly carriedSinceMs?: (() => InstantMs | undefined) | undefined;
  },
): Promise<Hybrid> {
  const { time, testClock, log } = options;
  const { shards = DEFAULTS.redisShards, keyPrefix = DEFAULTS.redisPrefix, times = {} } = location;
  const { redisTimeoutMs, breakerOpenMs, returnStageMs, ...syncTimes } = times;
  const copies = new RedisCopies({
    url: location.redisUrl,
    shards,
    prefix: keyPrefix,
    ...(testClock === undefined ? {} : { clock: testClock }),
    ...(redisTimeoutMs === undefined ? {} : { commandTimeoutMs: redisTimeoutMs }),
    onLost: (reason) => log.warn({ reason }, 'the connection to Redis was lost'),
  });
  const warnedOf = new Set<string>();
  try {
    const hybrid = await openHybrid({
      authority,
      copies,
      checkCopies: async () => {
        const { problems, unchecked } = await copies.check();
        for (const what of unchecked) {
          if (!warnedOf.has(what)) log.warn({ what }, 'Redis does not let us check its set-up');
          warnedOf.add(what);
        }
        return problems;
      },
      // Its own books are its own: another prefix or another Redis is another holder.
      holder: `redis:${keyPrefix}` as HolderId,
      shardOf: (tenant) => shardOfTenant(tenant, shards),
      time,
      log,
      intervals: SYNC_PRESETS[location.sync ?? DEFAULTS.sync],
      times: syncTimes,
      breakerOpenMs,
      returnStageMs,
      carriedSinceMs: options.carriedSinceMs,
    });
    return {
      ...hybrid,
      async close() {
        await hybrid.close();
        await copies.close();
      },
    };
  } catch (error) {
    await copies.close();
    throw error;
  }
}
