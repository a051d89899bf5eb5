/**
 * A server of the simulation: the real gate, desk, tier and sync manager, on a simulated network and clock.
 * It may be killed, stopped and continued, and its clock may be off.
 */
import {
  type Authority,
  type HolderId,
  type InstantMs,
  isBursarError,
  type LeaseId,
  processHolder,
} from '@bursar/core';
import type { Timers } from '../../src/clock/timers.ts';
import { CopiesGate } from '../../src/leasing/copies-gate.ts';
import { LeasedTier } from '../../src/leasing/leased-tier.ts';
import { OutageLeases } from '../../src/leasing/outage-leases.ts';
import { ProcessLeases } from '../../src/leasing/process-leases.ts';
import { SYNC_PRESETS } from '../../src/sync/plan-sync.ts';
import { SyncManager, type SyncTimes } from '../../src/sync/sync-manager.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { linkedAuthority } from './sim-authority.ts';
import { simBreaker } from './sim-breaker.ts';
import { SimLink, type SimProcess } from './sim-link.ts';
import type { SimRandom } from './sim-random.ts';
import { SimCopies, type SimRedis, type SimStore } from './sim-redis.ts';
import type { SimTime } from './sim-time.ts';

export const HOLDER = 'redis' as HolderId;
/** Times short enough for a history of a few minutes. */
export const SIM_TIMES: SyncTimes = {
  retentionMs: 120_000,
  quarantineMs: 5_000,
  deadAfterMs: 120_000,
  checkEveryMs: 60_000,
};
const TIMEOUT_MS = 100;
const OPEN_MS = 6_000;
const STAGE_MS = 500;

export interface SimServerOptions {
  readonly name: string;
  readonly time: SimTime;
  readonly random: SimRandom;
  readonly redis: SimRedis;
  readonly authority: Authority;
  /** Whether the authority answers. */
  readonly isAuthorityUp: () => boolean;
  readonly clockOffMs: number;
  readonly newId: () => string;
}

/** One life of a server process. */
export class SimServer implements SimProcess {
  readonly name: string;
  readonly toRedis: SimLink;
  readonly toAuthority: SimLink;
  readonly copies: SimCopies;
  readonly gate: CopiesGate;
  readonly tier: LeasedTier;
  readonly outage: OutageLeases;
  readonly sync: SyncManager;
  readonly authority: Authority;
  /** The store that it takes for the primary, if another one than everybody else's. */
  stuckOn: SimStore | undefined;
  /** Told of process leases as they begin; a mutation breaks them here. */
  onProcessLeases: ((leases: ProcessLeases) => void) | undefined;
  /** When it was killed. */
  endedAtMs: number | undefined;
  #isAlive = true;
  #stoppedUntilMs = 0;
  readonly #time: SimTime;

  constructor(options: SimServerOptions) {
    const { name, time, random, redis, clockOffMs, newId } = options;
    this.name = name;
    this.#time = time;
    const link = { time, random, process: this, timeoutMs: TIMEOUT_MS };
    this.toRedis = new SimLink(link);
    this.toAuthority = new SimLink({ ...link, timeoutMs: TIMEOUT_MS * 5 });
    this.authority = linkedAuthority(options.authority, this.toAuthority, options.isAuthorityUp);
    this.copies = new SimCopies(this.toRedis, () => this.stuckOn ?? redis.primary);
    const timers: Timers = {
      after: (delayMs, run) => time.after(delayMs, () => this.whenRunning(run)),
    };
    const own = {
      ...timers,
      nowMs: () => (time.nowMs() + clockOffMs) as InstantMs,
    };
    this.gate = new CopiesGate({
      copies: this.copies,
      authority: this.authority,
      holder: HOLDER,
      time: own,
      log: SILENT_LOG,
      stageMs: STAGE_MS,
      makeBreaker: (breaker) => simBreaker({ ...breaker, openMs: OPEN_MS }, timers),
    });
    const worker = `${name}-${newId()}`;
    const holder = processHolder(worker);
    this.outage = new OutageLeases({
      authority: this.authority,
      holder,
      time: own,
      log: SILENT_LOG,
      open: async (mayLease) => {
        const leases = await ProcessLeases.open({
          authority: this.authority,
          holder,
          time: own,
          log: SILENT_LOG,
          mayLease,
          isShared: true,
          idleMs: 3_000,
          newLeaseId: () => newId() as LeaseId,
          worker: `${worker}-${newId()}`,
          times: SIM_TIMES,
          random: () => random.next(),
        });
        this.onProcessLeases?.(leases);
        return leases;
      },
    });
    this.tier = new LeasedTier({
      name: 'hybrid',
      fallback: this.outage,
      gate: this.gate,
      authority: this.authority,
      holder: HOLDER,
      shards: 1,
      shardOf: () => 0,
      newLeaseId: () => newId() as LeaseId,
      time: own,
      log: SILENT_LOG,
      onPastCopies: () => this.sync.expectCorrections(),
      bringHome: (shard) => this.sync.bringHome(shard),
    });
    this.sync = new SyncManager({
      gate: this.gate,
      authority: this.authority,
      tier: this.tier,
      holder: HOLDER,
      worker,
      shards: 1,
      intervals: SYNC_PRESETS.seconds,
      times: SIM_TIMES,
      time: own,
      random: () => random.next(),
      log: SILENT_LOG,
    });
    this.#begin(timers);
    this.#sweepEvery(timers, 1_000);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  whenRunning(resume: () => void): void {
    if (!this.#isAlive) return;
    if (this.#stoppedUntilMs > this.#time.nowMs()) {
      this.#time.after(this.#stoppedUntilMs - this.#time.nowMs(), () => this.whenRunning(resume));
    } else resume();
  }

  kill(): void {
    this.#isAlive = false;
    this.endedAtMs = this.#time.nowMs();
  }

  stopFor(ms: number): void {
    this.#stoppedUntilMs = this.#time.nowMs() + ms;
  }

  /** Starting needs the authority; a supervisor tries again. */
  #begin(timers: Timers): void {
    this.sync.start().catch((error: unknown) => {
      if (!isBursarError(error)) throw error;
      timers.after(500, () => this.#begin(timers));
    });
  }

  #sweepEvery(timers: Timers, everyMs: number): void {
    timers.after(everyMs, () => {
      this.tier.sweep(100).catch((error: unknown) => {
        if (!isBursarError(error)) throw error;
      });
      this.#sweepEvery(timers, everyMs);
    });
  }
}
