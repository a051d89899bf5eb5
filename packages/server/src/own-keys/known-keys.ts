/**
 * Which keys are live, known in this process: so that asking who pays costs the database nothing.
 *
 * The place of a user who calls is read once and remembered. What makes remembering safe is the store's list of
 * changes: while there is use, it is read four times a second, one small statement for all users together, and
 * what has changed is forgotten. No answer rests on a list that was read more than a second ago: if none is that
 * new, the call waits for one. So a key that is revoked anywhere pays nothing a second later, here or elsewhere.
 *
 * While the store is away, nobody waits for it, and what was known is believed for half a minute longer; after
 * that nothing is known. That is the longest for which a process that is cut off can act on a revoked key.
 */
import { BursarError, type Clock } from '@bursar/core';
import { LRUCache } from 'lru-cache';
import type { Timers } from '../clock/timers.ts';
import { isAway } from '../leasing/away.ts';
import { SILENCE, within } from '../lenient/within.ts';
import type { OwnKeyChanges, OwnKeyPlace, OwnKeyRecord, OwnKeyStore } from './own-key-store.ts';

/** Oldest list of changes that an answer may rest on, while the store answers. */
export const FRESH_MS = 1_000;
/** How long what is known is believed while the store is away. */
export const BELIEVED_MS = 30_000;
/** Pause between two readings of the changes. */
export const READ_CHANGES_MS = 250;
/** How long the store may take; then it counts as away. */
export const PATIENCE_MS = 1_000;
/** How long the changes are read after the last use. */
export const IN_USE_MS = 60_000;
const PLACES_MAX = 10_000;

/** What this needs of a store. */
type Source = Pick<OwnKeyStore, 'live' | 'changes'>;

interface Reading {
  /** Whether something has changed there meanwhile, so that what was read may be old. */
  isOutdated: boolean;
  readonly record: Promise<OwnKeyRecord | undefined>;
}

/** A reading of the changes that the store has not answered yet. */
interface Question {
  readonly beganAtMs: number;
  readonly answer: Promise<OwnKeyChanges>;
}

/** The live keys of those who call. */
export class KnownKeys {
  readonly #store: Source;
  readonly #time: Clock & Timers;
  readonly #known = new LRUCache<string, { readonly record: OwnKeyRecord | undefined }>({
    max: PLACES_MAX,
  });
  readonly #readings = new Map<string, Reading>();
  /** The last change that is taken account of. */
  #last: bigint | undefined;
  /** When the reading of the changes began that `#last` is from. */
  #readAtMs = -Infinity;
  #readingChanges: Promise<void> | undefined;
  #asked: Question | undefined;
  #cancelNext: (() => void) | undefined;
  /** Why the store counts as away. */
  #away: Error | undefined;
  #usedAtMs = -Infinity;
  #isClosed = false;

  constructor(store: Source, time: Clock & Timers) {
    this.#store = store;
    this.#time = time;
  }

  /** How many places are known, for tests and metrics. */
  get size(): number {
    return this.#known.size;
  }

  /** The live key at `place`, rejected or not. Throws what the store throws when nothing can be believed. */
  async live(place: OwnKeyPlace): Promise<OwnKeyRecord | undefined> {
    this.#usedAtMs = this.#time.nowMs();
    // While the store is away it is asked in the background, and nobody waits for that.
    const isWaited = this.#away === undefined || !this.#isKeepingUp;
    if (!this.#isRead(FRESH_MS) && isWaited) await this.#readUntilFresh();
    const known = this.#known.get(nameOf(place));
    if (known !== undefined && this.#isRead(this.#away === undefined ? FRESH_MS : BELIEVED_MS)) {
      return known.record;
    }
    if (this.#away !== undefined) throw this.#away;
    return this.#read(place);
  }

  /** From now on `place` is not known: this process has changed it. */
  forget(place: OwnKeyPlace): void {
    const name = nameOf(place);
    this.#known.delete(name);
    const reading = this.#readings.get(name);
    if (reading !== undefined) reading.isOutdated = true;
    this.#readings.delete(name);
  }

  /** Reads nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelNext?.();
  }

  /** Whether the changes are being read, or will be without anybody asking. */
  get #isKeepingUp(): boolean {
    return this.#cancelNext !== undefined || this.#readingChanges !== undefined;
  }

  #isRead(agoMs: number): boolean {
    const ageMs = this.#time.nowMs() - this.#readAtMs;
    // A clock that was set back says nothing about age.
    return ageMs >= 0 && ageMs <= agoMs;
  }

  /** A reading that somebody else began may be too old when it ends; the second one is our own. */
  async #readUntilFresh(): Promise<void> {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await this.#readChanges();
      if (this.#away !== undefined || this.#isRead(FRESH_MS)) return;
    }
    this.#away = silent();
  }

  #readChanges(): Promise<void> {
    this.#readingChanges ??= this.#readChangesOnce().finally(() => {
      this.#readingChanges = undefined;
      this.#scheduleNext();
    });
    return this.#readingChanges;
  }

  async #readChangesOnce(): Promise<void> {
    const { beganAtMs, answer } = (this.#asked ??= this.#ask());
    try {
      const changes = await within(this.#time, PATIENCE_MS, answer);
      if (changes === SILENCE) throw silent();
      if (changes.places === 'all') this.#forgetAll();
      else changes.places.forEach((place) => this.forget(place));
      this.#last = changes.last;
      this.#readAtMs = beganAtMs;
      this.#away = undefined;
    } catch (error) {
      this.#away = error as Error;
    }
  }

  /** Asks the store, which has one such question at a time, however long it takes. */
  #ask(): Question {
    const answer = this.#store.changes(this.#last).finally(() => {
      this.#asked = undefined;
    });
    return { beganAtMs: this.#time.nowMs(), answer };
  }

  /** Goes on reading as long as somebody uses what is known. */
  #scheduleNext(): void {
    const isInUse = this.#time.nowMs() - this.#usedAtMs <= IN_USE_MS;
    if (this.#isClosed || !isInUse || this.#isKeepingUp) return;
    this.#cancelNext = this.#time.after(READ_CHANGES_MS, () => {
      this.#cancelNext = undefined;
      void this.#readChanges();
    });
  }

  /** Callers of one place share a reading. What was outdated meanwhile is an answer, and is not remembered. */
  async #read(place: OwnKeyPlace): Promise<OwnKeyRecord | undefined> {
    const name = nameOf(place);
    let reading = this.#readings.get(name);
    if (reading === undefined) {
      reading = { isOutdated: false, record: this.#readOnce(place) };
      this.#readings.set(name, reading);
    }
    try {
      const record = await reading.record;
      if (!reading.isOutdated) this.#known.set(name, { record });
      return record;
    } finally {
      if (this.#readings.get(name) === reading) this.#readings.delete(name);
    }
  }

  async #readOnce(place: OwnKeyPlace): Promise<OwnKeyRecord | undefined> {
    try {
      const record = await within(this.#time, PATIENCE_MS, this.#store.live(place));
      if (record === SILENCE) throw silent();
      return record;
    } catch (error) {
      // The next reading of the changes finds out whether the store is back.
      if (isAway(error)) this.#away = error as Error;
      throw error;
    }
  }

  #forgetAll(): void {
    this.#known.clear();
    for (const reading of this.#readings.values()) reading.isOutdated = true;
    this.#readings.clear();
  }
}

function silent(): BursarError {
  return new BursarError('store_unavailable', {
    message: 'The store of own keys does not answer; nothing was changed.',
    retryAfterMs: READ_CHANGES_MS,
  });
}

/** Names are bounded and hold no control characters, so that no two places have the same. */
function nameOf({ tenant, user, provider }: OwnKeyPlace): string {
  return `${tenant}\n${provider}\n${user}`;
}
