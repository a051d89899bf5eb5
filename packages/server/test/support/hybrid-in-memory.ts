/** A hybrid whose stores are in memory, with time in the test's hands, and switches that make a store go away. */
import {
  type Authority,
  BursarError,
  type CopyStore,
  type HolderId,
  type InstantMs,
  type LeaseId,
  MemoryCopies,
} from '@bursar/core';
import { MemoryAuthority, TestPurse } from '@bursar/testkit';
import { CopiesGate, type UnfitCopies } from '../../src/leasing/copies-gate.ts';
import { LeasedTier } from '../../src/leasing/leased-tier.ts';
import { SYNC_PRESETS } from '../../src/sync/plan-sync.ts';
import { SYNC_TIMES, SyncManager } from '../../src/sync/sync-manager.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { simBreaker } from '../simulation/sim-breaker.ts';
import { ManualTime } from './manual-time.ts';

/** What every store does while it is away. */
export type Away = 'no' | 'unavailable' | 'answers lost';

/** A server on stores that may be shared with others. */
export class HybridInMemory {
  readonly time: ManualTime;
  readonly authority: MemoryAuthority;
  /** The same as this server can reach it. */
  readonly reachable: Authority;
  /** How far back that reaches which this server carries besides; see `SyncManagerOptions`. */
  carriedSinceMs: () => InstantMs | undefined = () => undefined;
  /** The data behind `copies`; another one is another Redis. */
  data: MemoryCopies;
  copiesAre: Away = 'no';
  authorityIs: Away = 'no';
  /** How often the copies were checked, and what a check says. */
  checks = 0;
  unfit: readonly UnfitCopies[] = [];
  /** Calls that reached the copies, by method. */
  reached = 0;
  readonly gate: CopiesGate;
  readonly tier: LeasedTier;
  readonly sync: SyncManager;
  readonly purse: TestPurse;
  #leases = 0;

  constructor(
    over: { readonly shared?: HybridInMemory; readonly defaultLimit?: number | null } = {},
  ) {
    const { shared } = over;
    this.time = shared?.time ?? new ManualTime();
    this.authority =
      shared?.authority ??
      new MemoryAuthority({
        clock: this.time,
        defaultLimit: (over.defaultLimit === undefined ? 1_000 : over.defaultLimit) as never,
      });
    this.data = shared?.data ?? new MemoryCopies({ clock: this.time, lineage: 'first' });
    const name = shared === undefined ? 'one' : 'two';
    const authority = awayable(this.authority, () => this.authorityIs) as Authority;
    this.reachable = authority;
    const copies = awayable(
      new Proxy({} as CopyStore, {
        get: (_target, method) => {
          const value: unknown = Reflect.get(this.data, method, this.data);
          return typeof value === 'function' ? value.bind(this.data) : value;
        },
      }),
      () => this.copiesAre,
      () => {
        this.reached += 1;
      },
    );
    const holder = 'redis' as HolderId;
    const common = { authority, holder, time: this.time, log: SILENT_LOG };
    this.gate = new CopiesGate({
      ...common,
      copies,
      makeBreaker: (options) => simBreaker(options, this.time),
    });
    this.tier = new LeasedTier({
      ...common,
      name: 'hybrid',
      gate: this.gate,
      shards: 1,
      shardOf: () => 0,
      newLeaseId: () => `${name}-${(this.#leases += 1)}` as LeaseId,
      onPastCopies: () => this.sync.expectCorrections(),
      bringHome: (shard) => this.sync.bringHome(shard),
    });
    this.sync = new SyncManager({
      ...common,
      gate: this.gate,
      checkCopies: async () => {
        this.checks += 1;
        if (this.copiesAre === 'no') return this.unfit;
        throw new BursarError('store_unavailable', { message: 'away' });
      },
      tier: this.tier,
      worker: name,
      shards: 1,
      intervals: SYNC_PRESETS.seconds,
      times: SYNC_TIMES,
      random: () => 0.5,
      carriedSinceMs: () => this.carriedSinceMs(),
    });
    this.purse = new TestPurse(this.tier, this.time as never, shared?.purse.tenant);
  }

  /** Redis evicts every key but the ones that say which data these are. */
  async evictCopies(): Promise<void> {
    const { incarnation, lineage } = await this.data.inspect();
    this.data = new MemoryCopies({ clock: this.time, lineage });
    await this.data.adopt(incarnation, lineage);
  }

  /** The stores forget everything that Redis had. */
  loseCopies(): void {
    this.data = new MemoryCopies({ clock: this.time, lineage: `after ${this.time.nowMs()}` });
  }
}

/** `store`, whose methods fail while it is away; with lost answers they have done their work. */
function awayable<Store extends object>(
  store: Store,
  is: () => Away,
  onCall: () => void = () => {},
): Store {
  return new Proxy(store, {
    get(target, method) {
      const value: unknown = Reflect.get(target, method, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (is() === 'unavailable') {
          onCall();
          throw new BursarError('store_unavailable', { message: 'away' });
        }
        onCall();
        const answer: unknown = await Reflect.apply(value, target, args);
        if (is() === 'answers lost') throw new BursarError('store_timeout', { message: 'lost' });
        return answer;
      };
    },
  });
}
