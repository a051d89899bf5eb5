/**
 * What decides while the copies are away: the authority, and for accounts that are busy this process's memory.
 *
 * A few calls of an account go to the authority one by one. Once it is busy this process leases a part of it, so
 * that the database sees draws instead of calls. Processes give back what others ask for, so near its limit
 * an account is shared to the last call. When nothing has been asked for a while, everything is given back.
 */
import {
  type AccountId,
  type Authority,
  type Clock,
  type Command,
  type HolderId,
  type OutcomeOf,
  type Tier,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';
import type { Timers } from '../clock/timers.ts';
import type { SyncTimes } from '../sync/sync-manager.ts';
import type { Log } from '../telemetry/logger.ts';
import { ProcessLeases } from './process-leases.ts';

/** From so many calls within `BUSY_MS` on an account is worth a lease. */
export const BUSY_CALLS = 4;
export const BUSY_MS = 10_000;
/** Most accounts whose calls are counted. */
const ACCOUNTS_MAX = 5_000;
/** An account that nobody has asked for in this time is given back. */
const IDLE_MS = 10_000;

export interface OutageLeasesOptions {
  readonly authority: Authority;
  /** This life of this process; see `processHolder`. */
  readonly holder: HolderId;
  readonly time: Clock & Timers;
  readonly log: Log;
  readonly times?: Partial<SyncTimes>;
  /** Opens process leases; replaced by the simulation, which has its own ids and chance. */
  readonly open?: (mayLease: (account: AccountId) => boolean) => Promise<ProcessLeases>;
}

/** Calls of an account since `sinceMs`. */
interface Recent {
  calls: number;
  sinceMs: number;
}

/** Decides while the copies are away. */
export class OutageLeases implements Tier {
  readonly name = 'postgres';
  readonly #options: OutageLeasesOptions;
  readonly #authority: Authority;
  readonly #recent = new LRUCache<AccountId, Recent>({ max: ACCOUNTS_MAX });
  #leases: ProcessLeases | undefined;
  #opening: Promise<void> | undefined;
  #cancelLook: (() => void) | undefined;
  #lastReserveMs = 0;
  /** Commands on their way through the leases. */
  #underWay = 0;
  #isClosed = false;
  /** What the process leases of before counted. */
  readonly #past: Record<string, number> = {};

  constructor(options: OutageLeasesOptions) {
    this.#options = options;
    this.#authority = options.authority;
  }

  /** How often each path was taken. */
  get counts(): Readonly<Record<string, number>> {
    return sumOf(this.#past, this.#leases);
  }

  /** The leases in this process's memory, while there are any. */
  get leases(): ProcessLeases | undefined {
    return this.#leases;
  }

  async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    if (command.kind === 'reserve') this.#note(command.legs.map(({ account }) => account));
    const outcome = await this.#through((tier) => tier.execute(command));
    const isNews = outcome.outcome === 'applied' && !outcome.replayed;
    if (isNews && MAY_LOWER.has(command.kind) && 'leg' in command) {
      await this.#askBack(command.leg.account);
    }
    return outcome;
  }

  /** Others may hold what is not allowed any more. What was done stays done when they cannot be asked. */
  async #askBack(account: AccountId): Promise<void> {
    const { holder, log } = this.#options;
    await this.#authority.askBack(account, holder).catch((error: unknown) => {
      log.debug({ error }, 'other processes could not be asked to give back');
    });
  }

  account(id: AccountId) {
    return this.#through((tier) => tier.account(id));
  }

  limit(...asked: Parameters<Tier['limit']>) {
    return this.#authority.limit(...asked);
  }

  reservation(...asked: Parameters<Tier['reservation']>) {
    return this.#through((tier) => tier.reservation(...asked));
  }

  entries(query: Parameters<Tier['entries']>[0]) {
    return this.#through((tier) => tier.entries(query));
  }

  sweep(limit: number): Promise<number> {
    return this.#through((tier) => tier.sweep(limit));
  }

  nowMs() {
    return this.#authority.nowMs();
  }

  /** Gives everything back. The authority stays open for who opened it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelLook?.();
    await this.#opening;
    await this.#leases?.close();
  }

  async #through<Result>(ask: (tier: Tier) => Promise<Result>): Promise<Result> {
    const leases = this.#leases;
    if (leases === undefined) return ask(this.#authority);
    this.#underWay += 1;
    try {
      return await ask(leases.tier);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Counts a call, and begins to lease when an account turns out to be busy. */
  #note(accounts: readonly AccountId[]): void {
    const nowMs = this.#options.time.nowMs();
    this.#lastReserveMs = nowMs;
    for (const account of accounts) {
      const recent = this.#recent.get(account);
      if (recent === undefined || nowMs - recent.sinceMs >= BUSY_MS) {
        this.#recent.set(account, { calls: 1, sinceMs: nowMs });
      } else recent.calls += 1;
    }
    if (this.#leases === undefined && accounts.every((account) => this.#isBusy(account))) {
      this.#opening ??= this.#open().finally(() => {
        this.#opening = undefined;
      });
    }
  }

  #isBusy(account: AccountId): boolean {
    const recent = this.#recent.get(account);
    return (
      recent !== undefined &&
      recent.calls >= BUSY_CALLS &&
      this.#options.time.nowMs() - recent.sinceMs < BUSY_MS
    );
  }

  async #open(): Promise<void> {
    const { open = openShared(this.#options), log } = this.#options;
    try {
      const leases = await open((account) => this.#isBusy(account));
      if (this.#isClosed) return await leases.close();
      this.#leases = leases;
      this.#lookAgain();
    } catch (error) {
      log.debug({ error }, 'no process leases; the database decides each call');
    }
  }

  #lookAgain(): void {
    this.#cancelLook = this.#options.time.after(IDLE_MS, () => void this.#look());
  }

  /** Ends the leases when nobody has asked for them for a while and everything is back. */
  async #look(): Promise<void> {
    const { time, log } = this.#options;
    const leases = this.#leases;
    if (leases === undefined || this.#isClosed) return;
    if (time.nowMs() - this.#lastReserveMs >= IDLE_MS) {
      await leases.surrenderAll().catch((error: unknown) => {
        log.debug({ error }, 'process leases: giving back again later');
      });
      if (leases.isIdle && this.#underWay === 0 && this.#leases === leases) {
        this.#leases = undefined;
        Object.assign(this.#past, sumOf(this.#past, leases));
        await leases.close();
        return;
      }
    }
    this.#lookAgain();
  }
}

/** Commands after which less may be spent than before. */
const MAY_LOWER: ReadonlySet<Command['kind']> = new Set([
  'setLimit',
  'clearLimit',
  'setTerms',
  'adjust',
]);

function openShared(options: OutageLeasesOptions) {
  return (mayLease: (account: AccountId) => boolean): Promise<ProcessLeases> =>
    ProcessLeases.open({ ...options, mayLease, isShared: true, idleMs: IDLE_MS });
}

function sumOf(
  past: Readonly<Record<string, number>>,
  leases: ProcessLeases | undefined,
): Record<string, number> {
  const sums = { ...past };
  if (leases === undefined) return sums;
  for (const [name, count] of Object.entries(leases.counts)) {
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
