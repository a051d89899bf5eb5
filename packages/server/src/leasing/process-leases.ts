/**
 * Process leases: this process's memory decides, on leases of the authority.
 *
 * The same tier as on Redis, with copies that end with the process. So an end of a call is acknowledged when
 * the journal that says it is in the ledger; what a killed process had leased stays set aside until the
 * longest call is over; and a process that stops gives everything back. See docs/decisions/0013.
 */
import {
  type AccountId,
  type Authority,
  type Clock,
  type Copy,
  EXECUTE_ALL_MAX,
  type HolderId,
  type InstantMs,
  type LeaseId,
  MemoryCopies,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';
import { v7 as uuidV7 } from 'uuid';
import { STEADY_BREAKER } from '../breaker/steady-breaker.ts';
import type { Timers } from '../clock/timers.ts';
import { type SyncIntervals, SYNC_PRESETS } from '../sync/plan-sync.ts';
import { SYNC_TIMES, SyncManager, type SyncTimes } from '../sync/sync-manager.ts';
import type { Log } from '../telemetry/logger.ts';
import { isAway } from './away.ts';
import { CopiesGate } from './copies-gate.ts';
import { LeasedTier } from './leased-tier.ts';
import { reportsOfCall } from './reports.ts';
import { legOfCopy, standingNow } from './standing.ts';

/** How long an ended call is answered from memory; afterwards the authority is asked. */
const REMEMBER_MS = 60_000;
/** Pause between two looks for copies that nobody uses. */
const LOOK_MS = 5_000;
/** Pause between two looks for what others ask back, where there are others. */
const ASKED_MS = 50;
/** How many such pauses a call waits for what others were asked to give back; one that is dead never answers. */
const ANSWER_TURNS_MAX = 6;

/** What others hold of an account is asked for no more often. */
const RECLAIM_EVERY_MS = 200;
/** Most accounts of which it is remembered when that was. */
const RECLAIMED_MAX = 1_000;
/** Most accounts whose pace is remembered where processes decide for the time of an outage. */
const SHARED_PACES_MAX = 2_000;
/** How long an account that somebody lacked room on is left to the authority. */
const SCARCE_MS = 5_000;

/** What process leases are made of. */
export interface ProcessLeasesOptions {
  readonly authority: Authority;
  readonly holder: HolderId;
  readonly time: Clock & Timers;
  readonly log: Log;
  /** Whether other processes decide on the same accounts. */
  readonly isShared: boolean;
  /** A copy that nobody has used for this long is given back. */
  readonly idleMs: number;
  readonly mayLease?: (account: AccountId) => boolean;
  readonly newLeaseId?: () => LeaseId;
  readonly worker?: string;
  readonly intervals?: SyncIntervals;
  readonly times?: Partial<SyncTimes>;
  readonly random?: () => number;
}

/** A lease whose copy is gone, and which the authority does not know to be over yet. */
interface Owed {
  readonly copy: Copy;
  readonly isGone: boolean;
}

/** Decides in memory until it is closed. */
export class ProcessLeases {
  readonly tier: LeasedTier;
  readonly sync: SyncManager;
  readonly copies: MemoryCopies;
  readonly #options: ProcessLeasesOptions;
  readonly #gate: CopiesGate;
  readonly #clock: AuthorityClock;
  readonly #cancels = new Map<string, () => void>();
  /** What was given up and has not been returned yet, by lease. */
  readonly #owed = new Map<LeaseId, Owed>();
  /** Since when each copy has been as it is. */
  readonly #unchanged = new Map<
    LeaseId,
    { readonly sequence: number; readonly sinceMs: InstantMs }
  >();
  readonly #scarce: LRUCache<AccountId, true>;
  readonly #reclaims = new LRUCache<
    AccountId,
    { readonly atMs: number; readonly answer: Promise<boolean> }
  >({ max: RECLAIMED_MAX });
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;
  #surrendered = 0;
  #givenUp = 0;

  private constructor(options: ProcessLeasesOptions) {
    const { authority, holder, time, log, isShared } = options;
    this.#options = options;
    this.#clock = new AuthorityClock(time);
    this.#scarce = new LRUCache({
      max: RECLAIMED_MAX,
      ttl: SCARCE_MS,
      ttlResolution: 0,
      perf: { now: () => time.nowMs() },
    });
    this.copies = new MemoryCopies({
      clock: this.#clock,
      lineage: options.worker ?? uuidV7(),
      rememberMs: REMEMBER_MS,
    });
    const common = { authority, holder, time, log };
    this.#gate = new CopiesGate({
      ...common,
      copies: this.copies,
      makeBreaker: () => STEADY_BREAKER,
    });
    this.tier = new LeasedTier({
      ...common,
      name: 'process',
      gate: this.#gate,
      shards: 1,
      shardOf: () => 0,
      newLeaseId: options.newLeaseId ?? (() => uuidV7() as LeaseId),
      restsOn: 'journal-home',
      // Every process would count for itself, and let as much through as if it were alone.
      limitersAre: 'authority',
      giveUp: (accounts) => this.#giveUp(accounts),
      ...(isShared ? { pacesMax: SHARED_PACES_MAX } : {}),
      ...(options.mayLease === undefined ? {} : { mayLease: options.mayLease }),
      ...(isShared
        ? {
            isScarce: (account) => this.#scarce.has(account),
            reclaim: (accounts) => this.#reclaim(accounts),
          }
        : {}),
      bringHome: (shard) => this.sync.bringHome(shard),
      onPastCopies: () => this.sync.expectCorrections(),
    });
    this.sync = new SyncManager({
      ...common,
      gate: this.#gate,
      tier: this.tier,
      worker: options.worker ?? uuidV7(),
      shards: 1,
      intervals: options.intervals ?? SYNC_PRESETS.seconds,
      // Events are the ledger's as soon as they are acknowledged, and nothing is acknowledged without it.
      times: { ...SYNC_TIMES, ...options.times, retentionMs: 0, barAfterMs: 0 },
      random: options.random ?? (() => Math.random()),
      ...(isShared ? {} : { giveBack: (account) => this.tier.desk.giveBack(account) }),
    });
  }

  /** Registers this process and begins. Throws what the authority throws. */
  static async open(options: ProcessLeasesOptions): Promise<ProcessLeases> {
    const leases = new ProcessLeases(options);
    await leases.#clock.set(options.authority);
    await leases.sync.start();
    leases.#every('look', LOOK_MS, () => leases.#look());
    if (options.isShared) leases.#every('asked', ASKED_MS, () => leases.#giveBackAsked());
    return leases;
  }

  /** How often each path was taken, named apart from the same of a Redis. */
  get counts(): Readonly<Record<string, number>> {
    const { onCopies, reclaimed } = this.tier.counts;
    const { opened, draws } = this.tier.desk.counts;
    return {
      processCalls: onCopies,
      processLeases: opened,
      processDraws: draws,
      processReclaimed: reclaimed,
      processSurrendered: this.#surrendered,
      processGivenBack: this.#givenUp,
    };
  }

  /** Whether nothing is open, owed or leased. */
  get isIdle(): boolean {
    const { calls, unconfirmed } = this.tier;
    return (
      calls.size === 0 &&
      unconfirmed.size === 0 &&
      this.#owed.size === 0 &&
      this.copies.copies().length === 0
    );
  }

  /** Gives back what is not set aside, of every account. */
  async surrenderAll(): Promise<void> {
    for (const { account } of this.copies.copies()) await this.#surrender(account);
    await this.#return();
  }

  /**
   * Tells the ledger of the calls that are open, gives everything else back, and ends. What cannot be said
   * because the authority is away stays set aside until this process counts as dead.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const cancel of this.#cancels.values()) cancel();
    await Promise.allSettled(this.#running);
    await this.tier.close();
    const { log } = this.#options;
    try {
      await this.#reportOpenCalls();
      await this.surrenderAll();
    } catch (error) {
      log.warn(
        { error },
        'leases could not be given back; they are free again when this process counts as dead',
      );
    }
    await this.sync.stop();
    this.#gate.stop();
  }

  // Giving back.

  /** One look: copies that nobody uses, and those of periods that are over, are given back. */
  async #look(): Promise<void> {
    await this.#clock.set(this.#options.authority);
    const nowMs = this.#clock.nowMs();
    const copies = this.copies.copies();
    const live = new Set(copies.map(({ lease }) => lease));
    for (const lease of this.#unchanged.keys()) if (!live.has(lease)) this.#unchanged.delete(lease);
    for (const { account, lease, sequence, endAtMs } of copies) {
      const known = this.#unchanged.get(lease);
      const sinceMs = known?.sequence === sequence ? known.sinceMs : nowMs;
      this.#unchanged.set(lease, { sequence, sinceMs });
      if (nowMs - sinceMs >= this.#options.idleMs || nowMs >= endAtMs) {
        await this.#surrender(account);
      }
    }
    await this.#return();
  }

  async #giveBackAsked(): Promise<void> {
    if (this.copies.copies().length === 0) return;
    const { authority, holder } = this.#options;
    const asked = await authority.askedBack(holder);
    for (const { account } of asked) await this.#leaveToAuthority(account);
    await this.#return();
    await authority.answerAskedBack(holder, asked);
  }

  async #surrender(account: AccountId): Promise<void> {
    const given = await this.tier.desk.surrender(account);
    if (given === undefined) return;
    this.#surrendered += 1;
    this.#owed.set(given.copy.lease, given);
  }

  /** Returns to the authority what was given up, as totals, so that it may be said again. */
  async #return(): Promise<void> {
    if (this.#owed.size === 0) return;
    const { authority } = this.#options;
    // A lease whose copy is gone is closed, and counts from then on only as what is booked under it.
    await this.sync.bringHome(0);
    for (const [lease, { copy, isGone }] of this.#owed) {
      const leg = legOfCopy(copy);
      await authority.execute({ kind: 'returnLease', leg, lease, returned: copy.returned });
      if (isGone) await authority.execute({ kind: 'closeLease', leg, lease });
      this.#owed.delete(lease);
      this.#givenUp += 1;
    }
  }

  /** Near its limit an account is the authority's for a while: processes would pass its last cents around. */
  async #leaveToAuthority(account: AccountId): Promise<void> {
    this.#scarce.set(account, true);
    await this.#surrender(account);
  }

  /** Gives back what is unspent of `accounts`. Answers whether there was something. */
  async #giveUp(accounts: readonly AccountId[]): Promise<boolean> {
    for (const account of accounts) await this.#surrender(account);
    const isOwn = this.#owed.size > 0;
    await this.#return();
    return isOwn;
  }

  /** Asks the other processes for what they hold unspent. Answers whether looking again may help. */
  async #reclaim(accounts: readonly AccountId[]): Promise<boolean> {
    const asked = await Promise.all(accounts.map(async (account) => this.#reclaimOne(account)));
    return asked.some(Boolean);
  }

  /** Calls that are refused share a question that is yet to be asked; there is one in `RECLAIM_EVERY_MS`. */
  #reclaimOne(account: AccountId): Promise<boolean> {
    const nowMs = this.#options.time.nowMs();
    const last = this.#reclaims.get(account);
    if (last !== undefined && nowMs < last.atMs) return last.answer;
    const atMs = Math.max(nowMs, (last?.atMs ?? 0) + RECLAIM_EVERY_MS);
    // Who cannot be asked gives nothing back: the refusal stands.
    const answer = this.#askOthers(account, atMs - nowMs).catch((error: unknown) => {
      if (isAway(error)) return false;
      throw error;
    });
    this.#reclaims.set(account, { atMs, answer });
    return answer;
  }

  async #askOthers(account: AccountId, inMs: number): Promise<boolean> {
    const { authority, holder } = this.#options;
    if (inMs > 0) await this.#pause(inMs);
    // Decided by the authority, a call may fit into what this process has leased itself meanwhile.
    await this.#leaveToAuthority(account);
    const isOwn = this.#owed.size > 0;
    await this.#return();
    let asked = await authority.askBack(account, holder);
    if (asked === 0) return isOwn;
    for (let turn = 0; asked > 0 && turn < ANSWER_TURNS_MAX; turn += 1) {
      await this.#pause(ASKED_MS);
      asked = await authority.stillAsked(account, holder);
    }
    return true;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.time.after(ms, resolve));
  }

  async #reportOpenCalls(): Promise<void> {
    const { authority, time } = this.#options;
    const open = this.tier.calls.all().filter(({ place }) => place === 'copies');
    const perTransaction = EXECUTE_ALL_MAX / 10;
    for (let start = 0; start < open.length; start += perTransaction) {
      const calls = open.slice(start, start + perTransaction);
      const nowMs = time.nowMs();
      await authority.executeAll(
        calls.flatMap((call) => reportsOfCall(call, standingNow(call, nowMs), true)),
      );
      for (const { reservation } of calls) this.tier.calls.drop(reservation);
    }
  }

  #every(name: string, pauseMs: number, work: () => Promise<void>): void {
    const again = (): void => {
      if (this.#isClosed) return;
      this.#cancels.set(
        name,
        this.#options.time.after(pauseMs, () => {
          const running: Promise<unknown> = work()
            .catch((error: unknown) => {
              this.#options.log.debug({ error, name }, 'process leases: trying again');
            })
            .finally(() => {
              this.#running.delete(running);
              again();
            });
          this.#running.add(running);
        }),
      );
    };
    again();
  }
}

/** The authority's clock as this process reckons it, so that a process with a wrong clock decides right. */
class AuthorityClock implements Clock {
  readonly #own: Clock;
  #aheadMs = 0;

  constructor(own: Clock) {
    this.#own = own;
  }

  nowMs(): InstantMs {
    return (this.#own.nowMs() + this.#aheadMs) as InstantMs;
  }

  async set(authority: Pick<Authority, 'nowMs'>): Promise<void> {
    const askedMs = this.#own.nowMs();
    const theirsMs = await authority.nowMs();
    const answeredMs = this.#own.nowMs();
    this.#aheadMs = theirsMs - Math.round((askedMs + answeredMs) / 2);
  }
}
