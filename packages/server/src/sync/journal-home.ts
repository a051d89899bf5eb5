/**
 * Bringing journals home: each shard's events into the ledger, a page at a time.
 *
 * A journal is brought home by whoever claims it, for as long as it renews the claim. A round reads a page and
 * takes it in in one transaction that also moves the position. Rounds of one shard follow each other, and
 * whoever asks for one while another runs shares the next: many calls that wait for the ledger share a
 * transaction.
 */
import {
  type Authority,
  BursarError,
  comparePositions,
  type Clock,
  duration,
  type HolderId,
  JOURNAL_START,
  type JournalPosition,
} from '@bursar/core';
import type { CopiesGate } from '../leasing/copies-gate.ts';
import type { UnconfirmedBook } from '../leasing/unconfirmed.ts';
import type { Intake } from './intake.ts';
import { nextPageSize, PAGE_EVENTS_FIRST, type SyncRound } from './plan-sync.ts';

/**
 * How long a claim on a journal lasts without being renewed. What a killed server had acknowledged is in the
 * copy store alone until another one takes over from it.
 */
const CLAIM_MS = 2_000;

/** What bringing home needs. */
export interface JournalHomeOptions {
  readonly gate: CopiesGate;
  readonly authority: Authority;
  readonly intake: Intake;
  readonly unconfirmed: UnconfirmedBook;
  readonly holder: HolderId;
  readonly worker: string;
  readonly shards: number;
  readonly time: Clock;
  /** Something was booked that a copy may show otherwise. */
  readonly onKnownBetter: () => void;
}

const NOTHING: SyncRound = { events: 0, isFull: false };

/** A round that has not begun. */
interface NextRound {
  isUrgent: boolean;
  readonly done: Promise<SyncRound>;
}

/** Where a shard's journal stands, as this process knows. */
interface ShardState {
  position: JournalPosition;
  incarnation: number;
  /** Until when the claim needs no renewal. */
  claimedUntilMs: number;
  /** How many events the next page has at most. */
  pageSize: number;
  running: Promise<SyncRound> | undefined;
  next: NextRound | undefined;
}

/** Brings journals home. */
export class JournalHome {
  readonly #options: JournalHomeOptions;
  readonly #states: readonly ShardState[];
  readonly counts = { rounds: 0, events: 0, setAside: 0 };

  constructor(options: JournalHomeOptions) {
    this.#options = options;
    this.#states = Array.from({ length: options.shards }, () => ({
      position: JOURNAL_START,
      incarnation: 0,
      claimedUntilMs: 0,
      pageSize: PAGE_EVENTS_FIRST,
      running: undefined,
      next: undefined,
    }));
  }

  /** Everything that is in the shard's journal now. Throws when a store is away. */
  async bringHome(shard: number): Promise<void> {
    while ((await this.round(shard, true)).isFull);
  }

  /**
   * One page, beginning no earlier than now. An urgent round takes events in though another server brings this
   * journal home.
   */
  round(shard: number, isUrgent: boolean): Promise<SyncRound> {
    const state = this.#stateOf(shard);
    if (state.next !== undefined) {
      state.next.isUrgent ||= isUrgent;
      return state.next.done;
    }
    const before = state.running?.catch(() => NOTHING) ?? Promise.resolve(NOTHING);
    const next: NextRound = {
      isUrgent,
      done: before.then(() => {
        state.next = undefined;
        state.running = this.#roundNow(shard, state, next.isUrgent);
        return state.running;
      }),
    };
    state.next = next;
    return next.done;
  }

  async #roundNow(shard: number, state: ShardState, isUrgent: boolean): Promise<SyncRound> {
    const { gate, authority, holder, worker, unconfirmed, intake, time } = this.#options;
    const { incarnation } = gate;
    if (incarnation === 0) return NOTHING;
    this.counts.rounds += 1;
    const isOurs = await this.#claim(shard, state, incarnation);
    // Somebody else brings it home. Whoever cannot wait takes the events in without moving the position.
    if (!isOurs && !isUrgent) return NOTHING;
    const size = state.pageSize;
    const page = await gate.use((copies) => copies.journal(shard, state.position, size));
    if (gate.incarnation !== incarnation) return NOTHING;
    const last = page.at(-1);
    if (last === undefined) {
      unconfirmed.confirm(incarnation, shard, state.position);
      return NOTHING;
    }
    const { position } = last;
    const after = state.position;
    // Another round must find out anew whether the journal is ours, should this one fail.
    const { claimedUntilMs } = state;
    state.claimedUntilMs = 0;
    const beganMs = time.nowMs();
    const taken = await intake.events(page, (commands) =>
      isOurs
        ? authority.ingest({ holder, incarnation, shard, worker, after, position, commands })
        : authority.executeAll(commands),
    );
    state.pageSize = nextPageSize(size, page.length, time.nowMs() - beganMs);
    this.counts.setAside += taken.setAside;
    this.counts.events += page.length;
    if (taken.mayBeKnownBetter) this.#options.onKnownBetter();
    if (isOurs) {
      state.position = position;
      state.claimedUntilMs = claimedUntilMs;
      unconfirmed.confirm(incarnation, shard, position);
    }
    return { events: page.length, isFull: page.length >= size };
  }

  /** Whether this process brings the journal home; afterwards `state` knows how far it is. */
  async #claim(shard: number, state: ShardState, incarnation: number): Promise<boolean> {
    const { authority, holder, worker, unconfirmed, time } = this.#options;
    if (state.incarnation === incarnation && time.nowMs() < state.claimedUntilMs) return true;
    state.claimedUntilMs = 0;
    const askedMs = time.nowMs();
    const claim = await authority.claimJournal({
      holder,
      incarnation,
      shard,
      worker,
      ttlMs: duration(CLAIM_MS),
    });
    state.incarnation = incarnation;
    if (claim !== undefined) {
      state.position = claim.position;
      // Half of it: the authority's clock runs at its own pace. Taking in checks the claim in any case.
      state.claimedUntilMs = askedMs + CLAIM_MS / 2;
      return true;
    }
    const positions = await authority.positions(holder, incarnation);
    state.position = positions.get(shard) ?? JOURNAL_START;
    unconfirmed.confirm(incarnation, shard, state.position);
    return false;
  }

  /** How far each journal of this incarnation that has begun is in the ledger. */
  async positions(): Promise<ReadonlyMap<number, JournalPosition>> {
    const { authority, holder, gate, unconfirmed } = this.#options;
    const { incarnation } = gate;
    const positions = await authority.positions(holder, incarnation);
    for (const [shard, position] of positions) unconfirmed.confirm(incarnation, shard, position);
    return new Map(
      [...positions].filter(([, position]) => comparePositions(position, JOURNAL_START) > 0),
    );
  }

  #stateOf(shard: number): ShardState {
    const state = this.#states[shard];
    if (state === undefined) {
      throw new BursarError('input_invalid', { field: 'shard', message: 'there is no such shard' });
    }
    return state;
  }
}
