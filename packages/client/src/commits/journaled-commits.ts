/**
 * Ends of calls, journaled: written down, told to the server, crossed out. What cannot be told stays, and is told
 * when the server is heard again, by this process or the next.
 *
 * Told twice is booked once, because the reservation's id is the key. An end that is provisional (what a call costs
 * that is still being made unreserved) is in the journal only for the next process; this one waits for the true one.
 */
import type { SettleInput, SettleOutput, ReleaseInput } from '@bursar/api';
import { BursarError, isBursarError } from '@bursar/core';
import { type CallIdentity, tell } from '../call-hooks.ts';
import { bookingOf } from '../call-messages.ts';
import type { CallTerms, Spent } from '../call-terms.ts';
import type { Metering } from '../wrap-options.ts';
import type { Commit, CommitJournal } from './commit-journal.ts';
import type { Commits, JournalParts, Told, UnreservedCalls } from './commits.ts';
import { isLastWord } from './last-word.ts';
import type { JournalEvent, JournalOptions } from './journal-options.ts';
import { worstOf } from './worst-of.ts';

/** Pause before what is kept is told again; it doubles up to the longest while nobody is heard. */
const PAUSE_MS_FIRST = 1_000;
const PAUSE_MS_MAX = 30_000;
/** How often it is looked for what processes have left that died meanwhile, and what was refused is tried again. */
const LOOK_EVERY_MS = 60_000;
/** Most ends that are told at once. */
const TOLD_AT_ONCE_MAX = 20;

type Settled = (settled: SettleOutput) => void;

interface Kept {
  readonly commit: Commit;
  readonly onBooked: Settled | undefined;
  /** Whether it is in the journal: then nothing is lost if it cannot be told. */
  isWritten: boolean;
  /** `waiting` to be told. */
  state: 'provisional' | 'being told' | 'waiting' | 'refused';
  wasRefused?: boolean;
}

/** See `Commits`. */
export class JournaledCommits implements Commits {
  readonly #journal: CommitJournal;
  readonly #options: Required<JournalOptions>;
  readonly #parts: JournalParts;
  readonly #kept = new Map<string, Kept>();
  #cancelRound: (() => void) | undefined;
  #cancelLook = (): void => {};
  #rounds = 0;
  #round: Promise<void> | undefined;
  #look: Promise<void> | undefined;
  #isClosed = false;

  constructor(journal: CommitJournal, options: Required<JournalOptions>, parts: JournalParts) {
    this.#journal = journal;
    this.#options = options;
    this.#parts = parts;
    parts.circuit.onClosed(() => void this.#tellWaiting());
    this.#lookForLeftOver();
  }

  readonly unreserved: UnreservedCalls = {
    letThrough: async (
      identity: CallIdentity,
      terms: CallTerms,
      metering: Metering,
    ): Promise<Spent> => {
      const worst = worstOf(terms);
      const input = bookingOf(identity, metering, worst);
      const commit: Commit = { kind: 'settle', input, atMs: this.#options.nowMs() };
      await this.#write(commit);
      this.#keep({ commit, onBooked: undefined, isWritten: true, state: 'provisional' });
      return worst;
    },
    withdraw: (reservation: string) => this.#forget(reservation),
  };

  settle(input: SettleInput, onBooked: Settled): Promise<Told> {
    return this.#end({ kind: 'settle', input, atMs: this.#options.nowMs() }, onBooked);
  }

  release(input: ReleaseInput): Promise<Told> {
    return this.#end({ kind: 'release', input, atMs: this.#options.nowMs() }, undefined);
  }

  async flush(): Promise<void> {
    await this.#look;
    await this.#tellWaiting();
  }

  async close(): Promise<number> {
    this.#isClosed = true;
    this.#cancelRound?.();
    this.#cancelLook();
    await this.#journal.close().catch((error: unknown) => this.#tell({ kind: 'failed', error }));
    return [...this.#kept.values()].filter(({ isWritten }) => isWritten).length;
  }

  async #end(commit: Commit, onBooked: Settled | undefined): Promise<Told> {
    const kept = this.#keep({ commit, onBooked, isWritten: false, state: 'being told' });
    try {
      await this.#write(commit);
      kept.isWritten = true;
    } catch {
      // It was told of. Then it is told to the server as if there were no journal.
    }
    // Nobody would hear it, and the next round tells it.
    if (kept.isWritten && this.#parts.circuit.isOpen) return this.#wait(kept);
    try {
      return await this.#send(kept, this.#parts.retrying);
    } catch (error) {
      if (!kept.isWritten) this.#kept.delete(commit.input.reservation);
      throw error;
    }
  }

  /** Tells the server. Rejects with what it refuses with, and for what is not in the journal when it is not heard. */
  async #send(kept: Kept, meter: JournalParts['meter'], isLate = false): Promise<Told> {
    const { commit, onBooked, isWritten } = kept;
    kept.state = 'being told';
    try {
      const settled =
        commit.kind === 'settle'
          ? await meter.settle(commit.input)
          : void (await meter.release(commit.input));
      void this.#forget(commit.input.reservation, kept);
      if (settled !== undefined) tell(onBooked, settled);
      if (isLate)
        this.#tell({ kind: 'booked', commit, ...(settled === undefined ? {} : { settled }) });
      this.#rounds = 0;
      return 'told';
    } catch (error) {
      if (isLastWord(error, commit)) void this.#forget(commit.input.reservation, kept);
      else if (isWritten && (!isBursarError(error) || error.retryable)) return this.#wait(kept);
      else {
        kept.state = 'refused';
        kept.wasRefused = true;
      }
      throw error;
    }
  }

  #wait(kept: Kept): Told {
    kept.state = 'waiting';
    this.#tellLater();
    return 'kept';
  }

  /** Tells everything that waits, some at a time, until the server is not heard. Never rejects. */
  #tellWaiting(): Promise<void> {
    this.#cancelRound?.();
    this.#cancelRound = undefined;
    this.#round ??= this.#tellAll().finally(() => {
      this.#round = undefined;
      if (this.#waiting().length > 0) this.#tellLater();
    });
    return this.#round;
  }

  async #tellAll(): Promise<void> {
    // One alone finds out whether the server is there.
    let atOnce = 1;
    for (let left = this.#waiting(); left.length > 0;) {
      if (this.#isClosed) return;
      const told = await Promise.all(left.slice(0, atOnce).map((kept) => this.#tellOne(kept)));
      if (told.includes('kept')) return;
      left = left.length > atOnce ? left.slice(atOnce) : this.#waiting();
      atOnce = TOLD_AT_ONCE_MAX;
    }
  }

  async #tellOne(kept: Kept): Promise<Told> {
    const { commit } = kept;
    if (this.#options.nowMs() - commit.atMs > this.#options.ageMsMax) {
      await this.#forget(commit.input.reservation, kept);
      this.#tell({ kind: 'too_old', commit });
      return 'told';
    }
    const { wasRefused } = kept;
    try {
      return await this.#send(kept, this.#parts.meter, true);
    } catch (error) {
      if (isLastWord(error, commit)) this.#tell({ kind: 'superseded', commit });
      else if (!wasRefused) this.#tell({ kind: 'refused', commit, error });
      return 'told';
    }
  }

  #tellLater(): void {
    if (this.#cancelRound !== undefined || this.#round !== undefined || this.#isClosed) return;
    const { runtime } = this.#parts;
    const longest = Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** this.#rounds);
    this.#rounds += 1;
    this.#cancelRound = runtime.after(longest * (0.5 + runtime.random() / 2), () => {
      void this.#tellWaiting();
    });
  }

  /** Takes over what dead processes have left, now and every minute. */
  #lookForLeftOver(): void {
    this.#look = this.#takeOver().finally(() => {
      this.#look = undefined;
      if (this.#isClosed) return;
      this.#cancelLook = this.#parts.runtime.after(LOOK_EVERY_MS, () => this.#lookForLeftOver());
    });
  }

  async #takeOver(): Promise<void> {
    try {
      for (const commit of await this.#journal.leftOver()) {
        this.#keep({ commit, onBooked: undefined, isWritten: true, state: 'waiting' });
      }
    } catch (error) {
      this.#tell({ kind: 'failed', error });
    }
    for (const kept of this.#kept.values()) if (kept.state === 'refused') kept.state = 'waiting';
    await this.#tellWaiting();
  }

  #waiting(): readonly Kept[] {
    return [...this.#kept.values()].filter(({ state }) => state === 'waiting');
  }

  #keep(kept: Kept): Kept {
    this.#kept.set(kept.commit.input.reservation, kept);
    return kept;
  }

  async #write(commit: Commit): Promise<void> {
    try {
      if (this.#isClosed) throw new Error('the journal was closed');
      await this.#journal.append(commit);
    } catch (error) {
      this.#tell({ kind: 'failed', error });
      if (isBursarError(error)) throw error;
      const message = `The journal could not be written, so nothing that depends on it is done: ${String(error)}`;
      throw new BursarError('journal_unavailable', { message, cause: error });
    }
  }

  /** Crosses a reservation out, unless something newer than `told` is kept of it. Never rejects. */
  async #forget(reservation: string, told?: Kept): Promise<void> {
    if (told !== undefined && this.#kept.get(reservation) !== told) return;
    this.#kept.delete(reservation);
    // The next process then tells it once more, and hears that it is known.
    if (this.#isClosed) return;
    await this.#journal
      .remove(reservation)
      .catch((error: unknown) => this.#tell({ kind: 'failed', error }));
  }

  #tell(event: JournalEvent): void {
    tell(this.#options.onEvent, event);
  }
}
