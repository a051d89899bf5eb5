/**
 * The gate before a copy store: whether, and under which incarnation, this process decides on its copies.
 *
 * Puts together the breaker (is it well?), the handshake (is it the data we know?) and the staged return (how
 * much of the traffic goes back?). Everything that reaches the copy store passes here. A process that cannot
 * reach the authority for too long stops deciding on copies by itself, because the authority will take it
 * for dead and let others spend what its leases hold. So does one that finds the copy store set up so that it
 * may lose keys; whatever is in there then is left behind like the data of another store.
 */
import {
  type Authority,
  BursarError,
  CopiesFenced,
  type Clock,
  type CopyAnswer,
  type CopyCommand,
  type CopyStore,
  type HolderId,
  type InstantMs,
  isBursarError,
} from '@bursar/core';
import { type Breaker, BreakerOpen, type BreakerOptions } from '../breaker/breaker.ts';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';

/** Parts of the traffic that go back to the copies, one after the other, once they are well again. */
export const RETURN_STAGES: readonly number[] = [0.01, 0.1, 0.5, 1];
/** How long each stage lasts. */
export const RETURN_STAGE_MS = 5_000;
/** How often a handshake is tried anew when somebody else got in between. */
const HANDSHAKE_TRIES = 4;

/** Why a copy store that answers must not be used. */
export interface UnfitCopies extends Error {
  /** Whether it may have lost some of what it had. */
  readonly mayHaveLost: boolean;
}

/** What a gate is made of. */
export interface CopiesGateOptions {
  readonly copies: CopyStore;
  readonly authority: Pick<Authority, 'begin'>;
  readonly holder: HolderId;
  readonly time: Clock & Timers;
  readonly log: Log;
  readonly makeBreaker: (options: BreakerOptions) => Breaker;
  readonly stageMs?: number;
  /** Told when the way to the copies opens, narrows or closes. */
  readonly onChange?: () => void;
}

/** The only way to the copies. */
export class CopiesGate {
  readonly #options: CopiesGateOptions;
  readonly #breaker: Breaker;
  #incarnation = 0;
  #shaking: { readonly asksAuthority: boolean; readonly done: Promise<void> } | undefined;
  #stage = RETURN_STAGES.length - 1;
  #cancelStage: (() => void) | undefined;
  #isBarred = false;
  #unfit: UnfitCopies | undefined;
  /** Data up to this incarnation are as good as lost. */
  #doubted: number | undefined;
  #sinceMs: InstantMs;
  /** How often each recovery path was taken; a campaign that never took one has proven nothing about it. */
  readonly counts = { handshakes: 0, bumps: 0, fenced: 0, opened: 0, returned: 0, refused: 0 };

  constructor(options: CopiesGateOptions) {
    this.#options = options;
    this.#sinceMs = options.time.nowMs();
    this.#breaker = options.makeBreaker({
      // While the way was shut this process attested that it decides on no copies: before it does so again
      // it must know the present incarnation, and not only what the store says of itself.
      probe: () => this.#shake(true),
      isFailure: isCopiesFailure,
      onChange: (state) => {
        this.#sinceMs = options.time.nowMs();
        if (state === 'open') {
          this.counts.opened += 1;
          this.#cancelStage?.();
          this.#stage = -1;
        }
        if (state === 'closed') {
          this.counts.returned += 1;
          this.#widen(0);
        }
        options.onChange?.();
      },
    });
  }

  /** The incarnation that this process works under; 0 before the first handshake. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** Whether the copies are asked at all at present. */
  get isOpen(): boolean {
    return this.isAnswering && !this.#isBarred && this.#unfit === undefined;
  }

  /** Whether the copy store is well as far as the breaker knows. */
  get isAnswering(): boolean {
    return this.#breaker.state === 'closed';
  }

  /** Why the copy store must not be used although it answers; `null`: it may. */
  get unfit(): string | null {
    return this.#unfit?.message ?? null;
  }

  /** What part of new calls goes to the copies, 0 to 1. */
  get share(): number {
    return this.isOpen ? (RETURN_STAGES[this.#stage] ?? 0) : 0;
  }

  /** Since when it is as it is. */
  get sinceMs(): InstantMs {
    return this.#sinceMs;
  }

  /** Whether a new call of `tenant` goes to the copies. The same tenants return first on every server. */
  takes(tenant: string): boolean {
    return this.isOpen && this.#incarnation > 0 && portion(tenant) < this.share;
  }

  /** Bars the way while the authority takes this process for dead, or may; and opens it again. */
  bar(isBarred: boolean): void {
    if (this.#isBarred === isBarred) return;
    this.#isBarred = isBarred;
    this.#sinceMs = this.#options.time.nowMs();
    this.#options.onChange?.();
  }

  /** Shuts the way to a copy store that must not be used as it is set up. Harmless when repeated. */
  refuse(unfit: UnfitCopies): void {
    const { log, time, onChange } = this.#options;
    const isNew = this.#unfit === undefined;
    this.#unfit = unfit;
    if (unfit.mayHaveLost) this.#doubt();
    if (!isNew) return;
    log.error({ reason: unfit.message }, 'the copies must not be used; PostgreSQL decides');
    this.counts.refused += 1;
    this.#sinceMs = time.nowMs();
    onChange?.();
  }

  /**
   * Opens the way again, in stages, now that nothing is wrong with the copy store any more. What may have lost
   * keys is not gone back to: it gets a new incarnation. Throws what a handshake throws, with the way still shut.
   */
  async readmit(): Promise<void> {
    if (this.#unfit === undefined) return;
    // Also what a probe has adopted meanwhile.
    if (this.#unfit.mayHaveLost) this.#doubt();
    await this.handshake(true);
    this.#unfit = undefined;
    this.#sinceMs = this.#options.time.nowMs();
    this.#options.log.info({}, 'the copies may be used again');
    this.#cancelStage?.();
    this.#widen(0);
  }

  /** From now on nothing is decided on the present data, nor believed of them. */
  #doubt(): void {
    if (this.#incarnation > 0) this.#doubted = this.#incarnation;
    // Nothing is known of what is there, so nothing of it can be trusted.
    else this.#doubted ??= Number.MAX_SAFE_INTEGER;
    this.#incarnation = 0;
  }

  /**
   * Executes a command on the copies. Data that are not the ones we know are shaken hands with, and the
   * command is tried once more. Rejects with `BreakerOpen`, `store_unavailable` (nothing changed) or
   * `store_timeout` (outcome unknown).
   */
  execute(command: CopyCommand): Promise<CopyAnswer> {
    return this.use((copies) => copies.execute(command));
  }

  /** The same for any other use of the copies. */
  use<Result>(action: (copies: CopyStore) => Promise<Result>): Promise<Result> {
    if (this.#isBarred || this.#unfit !== undefined) {
      return Promise.reject(new BreakerOpen('the copies are barred'));
    }
    const { copies } = this.#options;
    const run = () => this.#breaker.run(() => action(copies));
    return run().catch((error: unknown) => this.#runAgain(error, run));
  }

  /** Shakes hands if that is what was wanting, and tries once more. */
  async #runAgain<Result>(error: unknown, run: () => Promise<Result>): Promise<Result> {
    if (!(error instanceof CopiesFenced)) throw error;
    this.counts.fenced += 1;
    await this.handshake();
    return run().catch((again: unknown) => {
      throw again instanceof CopiesFenced ? changingHands() : again;
    });
  }

  /**
   * Makes sure that the data are the ones we know, or adopts them as new ones. Several callers share one.
   * With `asksAuthority`, data that name their own store are not taken at their word: the authority may have
   * moved on, and the word of it been lost on the way.
   */
  async handshake(asksAuthority = false): Promise<void> {
    await this.#breaker.run(() => this.#shake(asksAuthority));
  }

  /** Joins the handshake under way if it asks as much as this one. */
  #shake(asksAuthority: boolean): Promise<void> {
    const running = this.#shaking;
    if (running !== undefined && (running.asksAuthority || !asksAuthority)) return running.done;
    const before = running?.done.catch(() => undefined) ?? Promise.resolve();
    const shaking = {
      asksAuthority,
      done: before.then(() => this.#shakeNow(asksAuthority)),
    };
    this.#shaking = shaking;
    const end = (): void => {
      if (this.#shaking === shaking) this.#shaking = undefined;
    };
    shaking.done.then(end, end);
    return shaking.done;
  }

  async #shakeNow(asksAuthority: boolean): Promise<void> {
    for (let tries = 0; tries < HANDSHAKE_TRIES; tries += 1) {
      try {
        if (await this.#shakeOnce(asksAuthority)) return;
      } catch (error) {
        // The data changed hands meanwhile, which a cluster's do when its slots move.
        if (!(error instanceof CopiesFenced)) throw error;
      }
    }
    throw changingHands();
  }

  /** Answers whether the data are adopted now; otherwise somebody else got in between. */
  async #shakeOnce(asksAuthority: boolean): Promise<boolean> {
    const { copies, authority, holder, log } = this.#options;
    const dataset = await copies.inspect();
    this.counts.handshakes += 1;
    const isDoubted = this.#isDoubted(dataset.incarnation);
    // Data that name the store they are in were adopted there: nobody needs to be asked.
    const isKnown =
      !asksAuthority &&
      !isDoubted &&
      dataset.incarnation > 0 &&
      dataset.writtenBy === dataset.lineage;
    const incarnation = isKnown
      ? dataset.incarnation
      : await authority
          .begin({
            holder,
            lineage: dataset.lineage,
            // Data in doubt count like none, so that they get an incarnation of their own.
            incarnation: isDoubted ? 0 : dataset.incarnation,
          })
          .catch((error: unknown) => {
            throw new AuthorityAway(error);
          });
    if (!(await copies.adopt(incarnation, dataset.lineage, dataset.incarnation))) return false;
    // They fell into doubt while hands were shaken.
    if (this.#isDoubted(dataset.incarnation) && !isDoubted) return false;
    this.#doubted = undefined;
    if (incarnation !== this.#incarnation) {
      this.counts.bumps += 1;
      const before = this.#incarnation;
      log[before === 0 ? 'debug' : 'info']({ incarnation, before }, 'copies adopted');
      this.#incarnation = incarnation;
    }
    return true;
  }

  #isDoubted(incarnation: number): boolean {
    return this.#doubted !== undefined && incarnation <= this.#doubted;
  }

  #widen(stage: number): void {
    this.#stage = stage;
    this.#options.onChange?.();
    if (stage + 1 >= RETURN_STAGES.length) return;
    this.#cancelStage = this.#options.time.after(this.#options.stageMs ?? RETURN_STAGE_MS, () =>
      this.#widen(stage + 1),
    );
  }

  /** Ends the timers. */
  stop(): void {
    this.#cancelStage?.();
    this.#breaker.stop();
  }
}

function changingHands(): BursarError {
  return new BursarError('store_unavailable', {
    message: 'The copies change hands faster than this server can follow; nothing was changed.',
    retryAfterMs: 1_000,
  });
}

/** The authority could not say what the data are. The copies are not to blame. */
export class AuthorityAway extends BursarError {
  constructor(cause: unknown) {
    super('store_unavailable', {
      message:
        'Redis came back as another one, and PostgreSQL cannot say which; nothing was changed.',
      retryAfterMs: 1_000,
      cause,
    });
  }
}

/** Whether the copy store is to blame: unreachable, or silent. A fence is no failure. */
function isCopiesFailure(error: unknown): boolean {
  if (error instanceof AuthorityAway) return false;
  return (
    isBursarError(error) && (error.code === 'store_unavailable' || error.code === 'store_timeout')
  );
}

/** A place between 0 and 1 for each name, always the same (FNV-1a). */
function portion(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32;
}
