/**
 * Opens the hybrid: Redis decides on leases of PostgreSQL.
 *
 * Puts the parts together and owns their order: the database first, then the copies, then this process makes
 * itself known and begins. A Redis that is away does not keep the server from starting, because PostgreSQL can
 * decide; a Redis that would lose money is refused.
 */
import {
  type Authority,
  type Clock,
  type CopyStore,
  type HolderId,
  type InstantMs,
  type LeaseId,
  processHolder,
  type Tier,
} from '@bursar/core';
import { v7 as uuidV7 } from 'uuid';
import { BreakerOpen } from './breaker/breaker.ts';
import { opossumBreaker } from './breaker/opossum-breaker.ts';
import type { Timers } from './clock/timers.ts';
import { isAway } from './leasing/away.ts';
import { CopiesGate } from './leasing/copies-gate.ts';
import { LeasedTier } from './leasing/leased-tier.ts';
import { OutageLeases } from './leasing/outage-leases.ts';
import { hybridMode, type ModeSource } from './modes/mode.ts';
import type { CheckCopies } from './sync/copies-check.ts';
import { type SyncIntervals, SYNC_PRESETS } from './sync/plan-sync.ts';
import { SYNC_TIMES, SyncManager, type SyncTimes } from './sync/sync-manager.ts';
import type { Log } from './telemetry/logger.ts';

/** What a hybrid is made of. */
export interface HybridOptions {
  readonly authority: Authority;
  readonly copies: CopyStore;
  /** Why the copy store must not be used, most important first; asked at the start and now and then. */
  readonly checkCopies: CheckCopies;
  /** Names this Redis among those of one PostgreSQL. */
  readonly holder: HolderId;
  readonly shardOf: (tenant: string) => number;
  readonly time: Clock & Timers;
  readonly log: Log;
  readonly intervals?: SyncIntervals;
  readonly times?: Partial<SyncTimes>;
  /** How long an open breaker waits for its probe; see `OPEN_MS`. */
  readonly breakerOpenMs?: number | undefined;
  readonly returnStageMs?: number | undefined;
  /** See `SyncManagerOptions`. */
  readonly carriedSinceMs?: (() => InstantMs | undefined) | undefined;
}

/** A running hybrid. */
export interface Hybrid {
  readonly tier: Tier;
  readonly modes: ModeSource;
  /** What went on, for people and metrics. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** Resolves when the copy store answers and this process may decide on it. */
  readonly reachCopies: () => Promise<void>;
  /** Brings everything home and stops. The database and the copy store stay open for who opened them. */
  close(): Promise<void>;
}

/** Starts a hybrid. Throws `store_unavailable` when PostgreSQL is away or Redis must not be used. */
export async function openHybrid(options: HybridOptions): Promise<Hybrid> {
  const { authority, copies, holder, time, log, breakerOpenMs, returnStageMs } = options;
  await assertFit(options);
  const gate = new CopiesGate({
    copies,
    authority,
    holder,
    time,
    log,
    makeBreaker: (breaker) =>
      opossumBreaker({
        ...breaker,
        ...(breakerOpenMs === undefined ? {} : { openMs: breakerOpenMs }),
      }),
    ...(returnStageMs === undefined ? {} : { stageMs: returnStageMs }),
    onChange: () => log.info(modes.mode(), 'the mode may have changed'),
  });
  const worker = uuidV7();
  const outage = new OutageLeases({
    authority,
    holder: processHolder(worker),
    time,
    log,
    ...(options.times === undefined ? {} : { times: options.times }),
  });
  const tier: LeasedTier = new LeasedTier({
    name: 'hybrid',
    gate,
    authority,
    fallback: outage,
    holder,
    shards: copies.shards,
    shardOf: options.shardOf,
    newLeaseId: () => uuidV7() as LeaseId,
    time,
    log,
    onPastCopies: () => sync.expectCorrections(),
    bringHome: (shard) => sync.bringHome(shard),
  });
  const sync = new SyncManager({
    gate,
    checkCopies: options.checkCopies,
    authority,
    tier,
    holder,
    worker,
    shards: copies.shards,
    intervals: options.intervals ?? SYNC_PRESETS.seconds,
    times: { ...SYNC_TIMES, ...options.times },
    time,
    random: () => Math.random(),
    log,
    carriedSinceMs: options.carriedSinceMs,
    giveBack: (account) => tier.desk.giveBack(account),
  });
  const modes = hybridMode(time, () => ({
    isRedisOpen: gate.isOpen && gate.incarnation > 0,
    redisUnfit: gate.unfit,
    isDatabaseUp: sync.isAuthorityUp,
  }));
  await sync.start();
  return {
    tier,
    modes,
    counts: () => ({
      ...gate.counts,
      ...tier.counts,
      ...tier.desk.counts,
      ...sync.counts,
      ...outage.counts,
    }),
    async reachCopies() {
      if (gate.incarnation === 0) throw new BreakerOpen('no copies are known yet');
      await gate.use((data) => data.inspect());
    },
    async close() {
      await tier.close();
      await outage.close();
      await sync.stop();
      gate.stop();
    },
  };
}

/** Throws what is wrong with the copy store. One that is away is looked at when it is back. */
async function assertFit({ checkCopies, log }: HybridOptions): Promise<void> {
  const [problem] = await checkCopies().catch((error: unknown) => {
    if (!isAway(error)) throw error;
    log.warn({ error }, 'Redis is away; PostgreSQL decides until it is back');
    return [];
  });
  if (problem !== undefined) throw problem;
}
