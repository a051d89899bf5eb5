/** A lenient tier before a memory tier that can go away, on a real directory, with time in the test's hands. */
import { copyFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Amount, BursarError, MemoryTier, type SetAside, type Tier } from '@bursar/core';
import { Auditor, TestPurse } from '@bursar/testkit';
import type { Timers } from '../../src/clock/timers.ts';
import { LenientTier, type LenientTierOptions } from '../../src/lenient/lenient-tier.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { simBreaker } from '../simulation/sim-breaker.ts';
import { ManualTime, settled } from './manual-time.ts';

/** How the store is: away, doing its work without being heard, or silent until it is back and does it then. */
export type StoreIs = 'there' | 'unavailable' | 'answers lost' | 'silent';

/** After this long something hangs. */
const STUCK_MS = 30_000;

/** What every user has in a month, and what a server may let through in one outage, in nano-USD. */
export const LIMIT = 1_000;
export const ALLOWANCE = 600;

/** One store, and one server after the other. */
export class LenientInMemory {
  readonly time = new ManualTime();
  readonly store = new MemoryTier({ clock: this.time, defaultLimit: LIMIT as Amount });
  readonly auditor = new Auditor(this.store);
  readonly setAside: SetAside[] = [];
  /** Sends what callers send. */
  readonly purse: TestPurse;
  readonly over: Partial<LenientTierOptions>;
  storeIs: StoreIs = 'there';
  /** The store goes away after so many more commands. */
  commandsLeft = Number.POSITIVE_INFINITY;
  directory = '';
  /** Commands that reached the store. */
  reached = 0;
  #tier: LenientTier | undefined;
  #life: { isOver: boolean } = { isOver: false };
  #wake: (() => void)[] = [];
  /** Servers that were killed, and what they wait for in vain. */
  readonly #dead: LenientTier[] = [];
  readonly #buried: (() => void)[] = [];
  readonly #directories: string[] = [];

  constructor(over: Partial<LenientTierOptions> = {}) {
    this.over = over;
    const server: Tier = new Proxy({} as Tier, {
      get: (_target, method) => {
        const value: unknown = Reflect.get(this.tier, method, this.tier);
        return typeof value === 'function' ? value.bind(this.tier) : value;
      },
    });
    this.purse = new TestPurse(server, this.time as never);
  }

  get tier(): LenientTier {
    if (this.#tier === undefined) throw new Error('the server is down');
    return this.#tier;
  }

  /** Starts a server on the directory as it is. */
  async start(): Promise<void> {
    if (this.directory === '') await this.#newDirectory();
    const life = { isOver: false };
    this.#life = life;
    // A process that is dead hears of no timer.
    const timers: Timers = {
      after: (delayMs, callback) => this.time.after(delayMs, () => life.isOver || callback()),
    };
    const time = { nowMs: () => this.time.nowMs(), after: timers.after };
    this.#tier = await LenientTier.open({
      behind: this.#awayable(this.auditor.watched(), life),
      reachLedger: () => this.#throughTo(life, async () => undefined),
      setAside: async (events) =>
        this.#throughTo(life, async () => void this.setAside.push(...events)),
      allowance: ALLOWANCE as Amount,
      openMax: 100,
      callsMax: 1_000,
      directory: this.directory,
      makeBreaker: (options) => simBreaker(options, timers),
      time,
      log: SILENT_LOG,
      ...this.over,
    });
    await this.#tier.start();
  }

  /** The server dies at once. What the next one finds is what is on the disk now. */
  async kill(): Promise<void> {
    this.#life.isOver = true;
    if (this.#tier !== undefined) this.#dead.push(this.#tier);
    this.#tier = undefined;
    const before = this.directory;
    await this.#newDirectory();
    for (const file of readdirSync(before)) {
      try {
        copyFileSync(join(before, file), join(this.directory, file));
      } catch (error) {
        // The last thing that the process asked of the disk was to remove it.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  /** Whether anybody waits for a store that is silent. */
  get isWaitedFor(): boolean {
    return this.#wake.length > 0;
  }

  /** Lets the disk work, and time pass only if a silent store is waited for, until `done` settles. */
  async until(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    const note = (): void => {
      isDone = true;
    };
    done.then(note, note);
    for (let turns = 0; !isDone; turns += 1) {
      await settled();
      if (!isDone && turns % 100 === 99 && this.isWaitedFor) await this.time.advance(100);
    }
  }

  goAway(how: Exclude<StoreIs, 'there'> = 'unavailable'): void {
    this.storeIs = how;
  }

  comeBack(): void {
    this.storeIs = 'there';
    this.commandsLeft = Number.POSITIVE_INFINITY;
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Lets time pass until the server has noticed that the store is back, and booked everything. */
  async recover(): Promise<void> {
    this.comeBack();
    const beganMs = performance.now();
    while (this.tier.outage !== undefined) {
      // Real time, for the disk is real: a machine with much else to do may take long.
      if (performance.now() - beganMs > STUCK_MS) throw new Error('the outage does not end');
      if (this.tier.outage.isEnding) await settled();
      else await this.time.advance(100);
    }
  }

  /** What the ledger has booked for a user. */
  async booked(user: string): Promise<number> {
    return (await this.store.account(this.purse.leg(user).account))?.settled ?? 0;
  }

  async stop(): Promise<void> {
    this.comeBack();
    await this.#tier?.close();
    this.#life.isOver = true;
    for (const bury of this.#buried) bury();
    // Their files stay open otherwise, as no dead process's do.
    for (const dead of this.#dead) await dead.close();
    for (const directory of this.#directories)
      await rm(directory, { recursive: true, force: true });
  }

  async #newDirectory(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'bursar-away-'));
    this.#directories.push(this.directory);
  }

  #awayable(store: Tier, life: { readonly isOver: boolean }): Tier {
    return new Proxy(store, {
      get: (target, method) => {
        const value: unknown = Reflect.get(target, method, target);
        // The store outlives its servers.
        if (method === 'close') return async () => undefined;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) =>
          this.#throughTo(life, async () => {
            this.reached += 1;
            return (await Reflect.apply(value, target, args)) as unknown;
          });
      },
    });
  }

  async #throughTo<Result>(
    life: { readonly isOver: boolean },
    work: () => Promise<Result>,
  ): Promise<Result> {
    this.commandsLeft -= 1;
    if (this.commandsLeft < 0 && this.storeIs === 'there') this.storeIs = 'unavailable';
    if (this.storeIs === 'silent') await new Promise<void>((resolve) => this.#wake.push(resolve));
    // Of a process that died, what was not on its way yet never comes.
    else if (life.isOver) {
      await new Promise<void>((resolve) => this.#buried.push(resolve));
      throw new BursarError('store_unavailable', { message: 'this process is dead' });
    }
    if (this.storeIs === 'unavailable') {
      throw new BursarError('store_unavailable', { message: 'away' });
    }
    const result = await work();
    if (this.storeIs === 'answers lost') {
      throw new BursarError('store_timeout', { message: 'the answer was lost' });
    }
    return result;
  }
}
