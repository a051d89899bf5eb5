/**
 * The sync manager: brings the copies' journals home to the ledger, and everything that keeps both in step.
 *
 * Any number of servers run one. It schedules the rounds that bring journals home (`journal-home.ts`), tells the
 * copies what the ledger knows better, writes what this process acknowledged and nobody brought home, says
 * what this process still carries, closes leases that nobody carries any more, forgets old events, and looks
 * whether the copy store may still be used (`copies-check.ts`).
 * Delivering twice is harmless, so every step may fail at any point and is simply done again.
 */
import {
  type AccountId,
  type Authority,
  type Clock,
  type Correction,
  type HolderId,
  type InstantMs,
  duration,
  type ReservationId,
} from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import type { CopiesGate } from '../leasing/copies-gate.ts';
import { forgetEnded } from '../leasing/forget-ended.ts';
import type { LeasedTier } from '../leasing/leased-tier.ts';
import type { Log } from '../telemetry/logger.ts';
import { type CheckCopies, CopiesCheck } from './copies-check.ts';
import { Intake } from './intake.ts';
import { JournalHome } from './journal-home.ts';
import { suspectLostCopies } from './suspect-lost-copies.ts';
import { backoffMs, nextSyncMs, replayAgeMs, type SyncIntervals } from './plan-sync.ts';

/** Pause between two rounds of everything but the journals. */
const HOUSEKEEPING_MS = 1_000;
const TIDY_EVERY_MS = 10_000;
/** How often the authority confirms the incarnation. Bounds how often two lineages can bump each other. */
const ASK_EVERY_MS = 10_000;
/** Most corrections delivered in one round. */
const CORRECTIONS_MAX = 500;
/** Most suspect leases closed in one round. */
const CLOSES_MAX = 100;

/** The times that safety rests on. */
export interface SyncTimes {
  /** How long events stay in the journal after they are in the ledger, for an authority that loses its last commits. */
  readonly retentionMs: number;
  /** How long a suspect lease is kept at least. */
  readonly quarantineMs: number;
  /** After this silence a process counts as dead. */
  readonly deadAfterMs: number;
  /** After this time without the authority a process stops using copies. Half of `deadAfterMs` unless less. */
  readonly barAfterMs?: number;
  /** How long a copy store that has become unfit may be used before it is noticed. */
  readonly checkEveryMs: number;
}

export const SYNC_TIMES: SyncTimes = {
  retentionMs: 900_000,
  quarantineMs: 5_000,
  deadAfterMs: 1_800_000,
  checkEveryMs: 60_000,
};

/** What a sync manager is made of. */
export interface SyncManagerOptions {
  readonly gate: CopiesGate;
  /** Absent where the copy store cannot become unfit: in this process's memory. */
  readonly checkCopies?: CheckCopies;
  readonly authority: Authority;
  readonly tier: Pick<LeasedTier, 'calls' | 'unconfirmed'>;
  readonly holder: HolderId;
  /** Names this life of this process. */
  readonly worker: string;
  readonly shards: number;
  readonly intervals: SyncIntervals;
  readonly times: SyncTimes;
  readonly time: Clock & Timers;
  /** Between 0 and 1; spreads the retries of several servers. */
  readonly random: () => number;
  readonly log: Log;
  /** Gives back what is unspent of an account that the authority has asked for; default: others see to it. */
  readonly giveBack?: (account: AccountId) => Promise<void>;
  /** How far back that reaches which this process has acknowledged outside of `tier` and not booked yet. */
  readonly carriedSinceMs?: (() => InstantMs | undefined) | undefined;
}

/** How a shard's rounds went. */
interface Pace {
  lastRoundMs: number;
  failures: number;
}

/** Keeps copies and ledger in step until it is stopped. */
export class SyncManager {
  readonly #options: SyncManagerOptions;
  readonly #paces: Pace[];
  readonly #cancels = new Set<() => void>();
  readonly #running = new Set<Promise<unknown>>();
  #isStarted = false;
  #attestedMs: InstantMs | undefined;
  #isAuthorityUp = true;
  #lastTidyMs = 0;
  #lastAskedMs = 0;
  #hasCorrections = false;
  #housekeeping: Promise<void> | undefined;
  readonly #intake: Intake;
  readonly #home: JournalHome;
  readonly #check: CopiesCheck | undefined;
  readonly #counts = { replays: 0, corrections: 0, closed: 0, silenced: 0, lost: 0, setAside: 0 };

  constructor(options: SyncManagerOptions) {
    this.#options = options;
    this.#intake = new Intake(options);
    this.#home = new JournalHome({
      ...options,
      intake: this.#intake,
      unconfirmed: options.tier.unconfirmed,
      onKnownBetter: () => this.expectCorrections(),
    });
    const { checkCopies, gate, time, times } = options;
    this.#check =
      checkCopies && new CopiesCheck({ checkCopies, gate, time, everyMs: times.checkEveryMs });
    this.#paces = Array.from({ length: options.shards }, () => ({
      lastRoundMs: options.time.nowMs(),
      failures: 0,
    }));
  }

  /** How often each thing was done. */
  get counts(): Readonly<Record<string, number>> {
    const setAside = this.#counts.setAside + this.#home.counts.setAside;
    return { ...this.#counts, ...this.#home.counts, setAside };
  }

  /** Whether the authority answered when it was last asked. */
  get isAuthorityUp(): boolean {
    return this.#isAuthorityUp;
  }

  /** How long ago, in milliseconds, the oldest thing was acknowledged that the ledger may not have; 0 if none. */
  get lagMs(): number {
    const oldest = this.#options.tier.unconfirmed.oldestMs();
    return oldest === undefined ? 0 : Math.max(0, this.#options.time.nowMs() - oldest);
  }

  /**
   * Shakes hands with the copies, registers this process, and begins. Throws what the authority throws when
   * it is away: a process that nobody knows of may not spend leases.
   */
  async start(): Promise<void> {
    await this.#attest();
    this.#isStarted = true;
    await this.#options.gate.handshake().catch((error: unknown) => {
      this.#options.log.warn(
        { error },
        'the copies are away; PostgreSQL decides until they are back',
      );
    });
    for (let shard = 0; shard < this.#paces.length; shard += 1) this.#schedule(shard, 0);
    this.#every(HOUSEKEEPING_MS, () => this.keepHouse());
  }

  /** Brings everything home, leaves, and resolves when nothing runs. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    await Promise.allSettled(this.#running);
    await Promise.allSettled(this.#paces.map((_pace, shard) => this.bringHome(shard)));
    await this.#replay(Number.POSITIVE_INFINITY).catch(() => undefined);
    await this.#deliver().catch(() => undefined);
    // Whoever leaves says that it carries nothing. Calls that go on elsewhere, and settlements that nobody has
    // brought home, are spoken of until this process counts as dead.
    const { authority, tier, time, worker, carriedSinceMs } = this.#options;
    const isDone =
      tier.unconfirmed.size === 0 &&
      tier.calls.oldestMs(time.nowMs()) === undefined &&
      carriedSinceMs?.() === undefined;
    if (isDone) await authority.leave(worker).catch(() => undefined);
  }

  /** Something was booked past the copies: they have to be told soon. */
  expectCorrections(): void {
    this.#hasCorrections = true;
  }

  /** Brings a shard's journal home, as far as it reaches now. Throws when a store is away. */
  async bringHome(shard: number): Promise<void> {
    await this.#home.bringHome(shard);
  }

  // Journals.

  #schedule(shard: number, delayMs: number): void {
    this.#once(delayMs, async () => {
      const pauseMs = await this.#roundSafely(shard);
      if (this.#isStarted) this.#schedule(shard, pauseMs);
    });
  }

  async #roundSafely(shard: number): Promise<number> {
    const { intervals, time, random, log, gate } = this.#options;
    const pace = this.#paces[shard] ?? { lastRoundMs: 0, failures: 0 };
    this.#paces[shard] = pace;
    const beganMs = time.nowMs();
    try {
      if (!gate.isOpen) return intervals.low;
      const round = await this.#home.round(shard, false);
      if (this.#hasCorrections) await this.#deliver();
      const overMs = beganMs - pace.lastRoundMs;
      pace.lastRoundMs = beganMs;
      pace.failures = 0;
      return nextSyncMs(intervals, round, overMs);
    } catch (error) {
      pace.failures += 1;
      const pauseMs = backoffMs(pace.failures, random());
      log.debug({ error, shard, pauseMs }, 'a journal could not be brought home; trying again');
      return pauseMs;
    }
  }

  // Keeping house.

  /** One round of everything but the journals; each part is on its own. Never rejects. */
  async keepHouse(): Promise<void> {
    this.#housekeeping ??= this.#keepHouseNow().finally(() => {
      this.#housekeeping = undefined;
    });
    await this.#housekeeping;
  }

  async #keepHouseNow(): Promise<void> {
    const { time, times, intervals, authority, gate, tier, log } = this.#options;
    const nowMs = time.nowMs();
    const part = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      await work().catch((error: unknown) => log.debug({ error, name }, 'sync: trying again'));
    };
    await part('forget', () => forgetEnded(tier.calls, { authority, gate, nowMs }));
    await part('attest', () => this.#attest());
    await part('replay', () => this.#replay(nowMs - replayAgeMs(intervals)));
    await part('deliver', () => this.#deliver());
    await part('asked', () => this.#giveBackAsked());
    await part('close', async () => {
      this.#counts.closed += await authority.closeSuspects({
        quarantineMs: duration(times.quarantineMs),
        deadAfterMs: duration(times.deadAfterMs),
        limit: CLOSES_MAX,
      });
    });
    if (nowMs - this.#lastTidyMs >= TIDY_EVERY_MS) {
      this.#lastTidyMs = nowMs;
      if (gate.isOpen) await part('trim', () => this.#trim());
      if (gate.isOpen) {
        await part('lost', async () => {
          this.#counts.lost += await suspectLostCopies(this.#options);
        });
      }
      await part('silence', async () => {
        const { deadAfterMs } = times;
        this.#counts.silenced += await authority.suspectSilent({
          deadAfterMs: duration(deadAfterMs),
        });
      });
    }
    await part('check', async () => {
      // What only the copies' journal has may be gone with it.
      if (await this.#check?.run()) await this.#replay(Number.POSITIVE_INFINITY);
    });
    // The handshake that nobody else asks for: a copy store that came back as another one is noticed here.
    if (!gate.isOpen) return;
    const asksAuthority = nowMs - this.#lastAskedMs >= ASK_EVERY_MS;
    if (asksAuthority) this.#lastAskedMs = nowMs;
    await part('handshake', () => gate.handshake(asksAuthority));
  }

  async #attest(): Promise<void> {
    const { authority, gate, holder, worker, tier, time, times } = this.#options;
    const nowMs = time.nowMs();
    const oldest = Math.min(
      tier.calls.oldestMs(nowMs) ?? nowMs,
      tier.unconfirmed.oldestMs() ?? nowMs,
      this.#options.carriedSinceMs?.() ?? nowMs,
    );
    try {
      await authority.attest({
        id: worker,
        holder,
        // Whoever cannot reach the copies decides on none, and must not keep others waiting for it.
        incarnation: gate.isOpen ? gate.incarnation : 0,
        oldestMs: duration(Math.max(0, nowMs - oldest)),
      });
      this.#attestedMs = nowMs;
      this.#isAuthorityUp = true;
      gate.bar(false);
    } catch (error) {
      this.#isAuthorityUp = false;
      // Soon the authority takes this process for dead, and lets others spend what its calls hold.
      const { barAfterMs = times.deadAfterMs / 2 } = times;
      if (nowMs - (this.#attestedMs ?? nowMs) >= barAfterMs) gate.bar(true);
      throw error;
    }
  }

  /** Writes to the ledger what this process acknowledged before `beforeMs` and nobody has brought home. */
  async #replay(beforeMs: number): Promise<void> {
    const { tier, gate } = this.#options;
    if (tier.unconfirmed.size === 0) return;
    if (gate.incarnation > 0) await this.#home.positions();
    for (;;) {
      const stale = tier.unconfirmed.olderThan(beforeMs, 100);
      if (stale.length === 0) return;
      const taken = await this.#intake.reports(stale.flatMap(({ reports }) => reports));
      this.#counts.setAside += taken.setAside;
      this.#counts.replays += stale.length;
      tier.unconfirmed.remove(stale.map(({ key }) => key));
      this.#hasCorrections = true;
    }
  }

  /** Tells the copies what the ledger knows better. */
  async #deliver(): Promise<void> {
    const { authority, gate, holder } = this.#options;
    if (!gate.isOpen) return;
    this.#hasCorrections = false;
    for (;;) {
      const waiting = await authority.corrections(holder, CORRECTIONS_MAX);
      if (waiting.length === 0) return;
      const groups = new Map<ReservationId, Correction[]>();
      for (const correction of waiting) {
        const group = groups.get(correction.reservation) ?? [];
        groups.set(correction.reservation, [...group, correction]);
      }
      await Promise.all(
        [...groups].map(([reservation, corrections]) =>
          gate.execute({ kind: 'correct', reservation, corrections }),
        ),
      );
      await authority.corrected(waiting);
      this.#counts.corrections += waiting.length;
      if (waiting.length < CORRECTIONS_MAX) return;
    }
  }

  /** Gives back what the ledger has asked for. What cannot be said while the copies are away stays asked for. */
  async #giveBackAsked(): Promise<void> {
    const { authority, gate, holder, giveBack } = this.#options;
    if (giveBack === undefined || !gate.isOpen) return;
    const asked = await authority.askedBack(holder);
    for (const { account } of asked) await giveBack(account);
    await authority.answerAskedBack(holder, asked);
  }

  async #trim(): Promise<void> {
    const { gate, times } = this.#options;
    for (const [shard, position] of await this.#home.positions()) {
      await gate.use((copies) => copies.trim(shard, position, times.retentionMs));
    }
  }

  // Timers.

  #every(pauseMs: number, work: () => Promise<void>): void {
    this.#once(pauseMs, async () => {
      await work();
      if (this.#isStarted) this.#every(pauseMs, work);
    });
  }

  #once(delayMs: number, work: () => Promise<void>): void {
    const cancel = this.#options.time.after(delayMs, () => {
      this.#cancels.delete(cancel);
      const running: Promise<unknown> = work().finally(() => this.#running.delete(running));
      this.#running.add(running);
    });
    this.#cancels.add(cancel);
  }
}
