/**
 * The lease desk: gets leases for copies, more for those that run low, and takes back what is too much.
 *
 * Asks the authority only where it must: on an account's first touch, when a call does not fit, and in the
 * background ahead of need. Calls of one account that wait for a draw share it. How much to ask for is
 * core's policy; what this desk adds is what it has seen of the account's pace.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  type Authority,
  balanceOf,
  type Clock,
  type Copy,
  type Elsewhere,
  elsewhereOf,
  type HolderId,
  isBursarError,
  type Lease,
  type LeaseId,
  type LegAccount,
  outstanding,
  roomIn,
  shouldPrefetch,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';
import type { Timers } from '../clock/timers.ts';
import type { Log } from '../telemetry/logger.ts';
import type { CopiesGate } from './copies-gate.ts';
import { askFor, type Drawn, newPace, NOTHING, noteCall, type Pace } from './pace.ts';
import { isHeldElsewhere, isOnSameTerms, legOfCopy } from './standing.ts';

/** Most accounts whose pace is remembered, unless it is said otherwise; the memory for them is taken at once. */
const PACES_MAX = 50_000;
/** How long to wait for another server that is about to install the copy. */
const BUSY_PAUSE_MS = 10;
/** How long no draw ahead of need is tried after one that got nothing. */
const QUIET_MS = 1_000;
/** The same after somebody else asked for what is unspent. */
const SURRENDERED_QUIET_MS = 5_000;
/** How long it is relied on that the authority has nothing left, should a copy not be told of a change. */
const SPENT_MS = 1_000;

/** An account that a call is charged to. */
export type LegToLease = LegAccount;

/** Gets leases. */
export class LeaseDesk {
  readonly #gate: CopiesGate;
  readonly #authority: Pick<Authority, 'execute'>;
  readonly #holder: HolderId;
  readonly #time: Clock & Timers;
  readonly #newLeaseId: () => LeaseId;
  readonly #log: Log;
  readonly #paces: LRUCache<AccountId, Pace>;
  readonly #opening = new Map<AccountId, Promise<void>>();
  readonly #background = new Set<Promise<unknown>>();
  readonly counts = { opened: 0, draws: 0, prefetches: 0, recalls: 0, givenBack: 0 };

  constructor(options: {
    readonly gate: CopiesGate;
    readonly authority: Pick<Authority, 'execute'>;
    readonly holder: HolderId;
    readonly time: Clock & Timers;
    readonly newLeaseId: () => LeaseId;
    readonly log: Log;
    readonly pacesMax?: number;
  }) {
    this.#paces = new LRUCache({ max: options.pacesMax ?? PACES_MAX });
    this.#gate = options.gate;
    this.#authority = options.authority;
    this.#holder = options.holder;
    this.#time = options.time;
    this.#newLeaseId = options.newLeaseId;
    this.#log = options.log;
  }

  /**
   * Gets copies for accounts that have none, each with a lease that covers `amount` if it can. Another server
   * may be faster, so look again afterwards. Throws what the authority or the copies throw.
   */
  async open(legs: readonly LegToLease[], amount: Amount): Promise<void> {
    await Promise.all(
      legs.map((leg) => {
        const opening =
          this.#opening.get(leg.account) ??
          this.#openNow(leg, amount).finally(() => this.#opening.delete(leg.account));
        this.#opening.set(leg.account, opening);
        return opening;
      }),
    );
  }

  /** Draws what a call of `amount` lacks on `copy`, together with all others that wait for the account. */
  draw(leg: LegToLease, copy: Copy, amount: Amount): Promise<Drawn> {
    const pace = this.#paceOf(leg.account);
    pace.waiting.push(amount);
    return this.#enqueue(leg, pace, copy);
  }

  /**
   * Whether the authority has just said that there is nothing to draw for `copy`, as it is now. Nobody else holds
   * anything of the account that could be given back, and of a change by its owner every copy is told, which makes
   * it another copy; so what it lacks cannot be had, and whoever is refused need not ask again.
   */
  isSpent(copy: Copy): boolean {
    const spent = this.#paces.get(copy.account)?.spent;
    if (spent === undefined || this.#time.nowMs() >= spent.untilMs) return false;
    return isOnSameTerms(copy, spent.copy);
  }

  /** Notes what calls cost, and draws in the background when `copy` runs low. */
  consider(copy: Copy, amount: Amount): void {
    const pace = this.#paceOf(copy.account);
    const nowMs = this.#time.nowMs();
    noteCall(pace, copy, amount, nowMs);
    const isLow = shouldPrefetch(roomIn(copy), pace.lastDraw || copy.drawn - copy.returned);
    if (!isLow || pace.running !== undefined || nowMs < pace.quietUntilMs) return;
    this.counts.prefetches += 1;
    this.#inBackground(
      this.#enqueue(legOfCopy(copy), pace, copy).then((drawn) => {
        const grew = drawn.outcome === 'drawn' && drawn.copy.drawn > copy.drawn;
        if (!grew) pace.quietUntilMs = this.#time.nowMs() + QUIET_MS;
      }),
    );
  }

  /**
   * Tells the copy what the authority's account now is, and takes back what its lease may no longer spend
   * when the account is over its limit. For the present copy, whoever installed it.
   */
  async refresh(leg: LegToLease, account: Account): Promise<void> {
    const answer = await this.#gate.execute({ kind: 'read', account: leg.account });
    if (answer.answer !== 'copy' || answer.copy === null) return;
    const { copy } = answer;
    const drawn = await this.#drawNothing(leg, copy);
    if (drawn === undefined) return;
    const known = drawn.account ?? account;
    if (isOver(known)) await this.#recall(leg, copy, drawn.lease);
    else await this.#apply(leg, drawn.lease, known);
  }

  /**
   * Gives back what the copy of `account` has not set aside. The copy stays, and draws again when somebody needs
   * it: unlike one that was surrendered it may be shared with other processes, and is not for one to end.
   */
  async giveBack(account: AccountId): Promise<void> {
    const answer = await this.#gate.execute({ kind: 'read', account });
    if (answer.answer !== 'copy' || answer.copy === null) return;
    const { copy } = answer;
    this.#paceOf(account).quietUntilMs = this.#time.nowMs() + SURRENDERED_QUIET_MS;
    const leg = legOfCopy(copy);
    const drawn = await this.#drawNothing(leg, copy);
    if (drawn !== undefined) await this.#recall(leg, copy, drawn.lease);
  }

  /** A draw of nothing is how the authority says what the lease is; nothing if it is no longer good. */
  async #drawNothing(
    leg: LegToLease,
    { lease, drawn: have }: Copy,
  ): Promise<{ readonly lease: Lease; readonly account: Account | undefined } | undefined> {
    const holder = this.#holder;
    const outcome = await this.#authority.execute({
      kind: 'draw',
      leg,
      lease,
      holder,
      have,
      ask: NOTHING,
    });
    if (outcome.outcome !== 'applied' || outcome.lease === undefined) return undefined;
    return { lease: outcome.lease, account: outcome.accounts[0] };
  }

  /**
   * Takes back what the copy has not set aside of `lease`. It hears of all that was drawn first: a draw whose
   * answer comes late must not bring what has been taken back. It is told of the account last, so that
   * whoever sees there that the limit is lower may rely on it.
   */
  async #recall(leg: LegToLease, { elsewhere }: Copy, { id, drawn }: Lease): Promise<void> {
    this.counts.recalls += 1;
    const { account } = leg;
    await this.#gate.execute({ kind: 'apply', account, lease: id, drawn, elsewhere });
    const recalled = await this.#gate.execute({
      kind: 'recall',
      account,
      lease: id,
      retire: false,
    });
    if (recalled.answer !== 'copy' || recalled.copy === null) return;
    const { returned } = recalled.copy;
    const outcome = await this.#authority.execute({
      kind: 'returnLease',
      leg,
      lease: id,
      returned,
    });
    if (outcome.outcome !== 'applied' || outcome.lease === undefined) return;
    const [afterwards] = outcome.accounts;
    if (afterwards !== undefined) await this.#apply(leg, outcome.lease, afterwards);
  }

  /**
   * Makes the copy give up what it has not set aside, and draws no more ahead of need for a while. Answers the
   * copy as it was given up, and whether it is gone because nothing was open on it; nothing if nothing was.
   */
  async surrender(
    account: AccountId,
  ): Promise<{ readonly copy: Copy; readonly isGone: boolean } | undefined> {
    const read = await this.#gate.execute({ kind: 'read', account });
    if (read.answer !== 'copy' || read.copy === null) return undefined;
    const { lease } = read.copy;
    this.#paceOf(account).quietUntilMs = this.#time.nowMs() + SURRENDERED_QUIET_MS;
    const recalled = await this.#gate.execute({ kind: 'recall', account, lease, retire: true });
    if (recalled.answer !== 'copy' || recalled.copy === null) return undefined;
    const left = await this.#gate.execute({ kind: 'read', account });
    const isGone = left.answer === 'copy' && left.copy?.lease !== lease;
    const isNothing = recalled.copy.returned === read.copy.returned && !isGone;
    return isNothing ? undefined : { copy: recalled.copy, isGone };
  }

  /** Resolves when nothing runs in the background any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#background);
  }

  // Drawing.

  #enqueue(leg: LegToLease, pace: Pace, copy: Copy): Promise<Drawn> {
    if (pace.copy === undefined || isNewer(copy, pace.copy)) pace.copy = copy;
    if (pace.next === undefined) {
      const before = pace.running?.catch(() => undefined) ?? Promise.resolve(undefined);
      const round = before.then(() => {
        pace.next = undefined;
        pace.running = round;
        const waiting = pace.waiting.splice(0);
        return this.#drawNow(leg, pace, pace.copy ?? copy, waiting);
      });
      pace.next = round;
      const done = (): void => {
        if (pace.running === round) pace.running = undefined;
      };
      this.#inBackground(round.finally(done));
    }
    return pace.next;
  }

  async #drawNow(
    leg: LegToLease,
    pace: Pace,
    copy: Copy,
    amounts: readonly Amount[],
  ): Promise<Drawn> {
    this.counts.draws += 1;
    const outcome = await this.#authority.execute({
      kind: 'draw',
      leg,
      lease: copy.lease,
      holder: this.#holder,
      have: copy.drawn,
      // A copy that is overdrawn owes first: what it cost beyond its lease is not known below yet.
      ask: askFor(amounts, balanceOf(copy), pace),
    });
    if (outcome.outcome !== 'applied' || outcome.lease === undefined) {
      return { outcome: 'superseded' };
    }
    const { lease } = outcome;
    const [account] = outcome.accounts;
    if (account === undefined) return { outcome: 'superseded' };
    if (lease.drawn > copy.drawn) pace.lastDraw = lease.drawn - copy.drawn;
    const next = await this.#apply(leg, lease, account);
    if (next === null) return { outcome: 'superseded' };
    if (pace.copy === undefined || isNewer(next, pace.copy)) pace.copy = next;
    const isNothingLeft = next.drawn <= copy.drawn && !isHeldElsewhere(next);
    pace.spent = isNothingLeft ? { copy: next, untilMs: this.#time.nowMs() + SPENT_MS } : undefined;
    return { outcome: 'drawn', copy: next, account };
  }

  async #apply(leg: LegToLease, lease: Lease, account: Account): Promise<Copy | null> {
    const answer = await this.#gate.execute({
      kind: 'apply',
      account: leg.account,
      lease: lease.id,
      drawn: lease.drawn,
      elsewhere: elsewhereFor(account, lease),
    });
    return answer.answer === 'copy' ? answer.copy : null;
  }

  // Opening.

  async #openNow(leg: LegToLease, amount: Amount): Promise<void> {
    // A ticket from the clock comes into play only when the authority has seen higher ones than the copies
    // remember, because the copies were lost.
    for (const above of [0, this.#time.nowMs()]) {
      const prepared = await this.#gate.execute({ kind: 'prepare', account: leg.account, above });
      if (prepared.answer === 'busy') return this.#pause(Math.min(prepared.forMs, BUSY_PAUSE_MS));
      if (prepared.answer !== 'prepared') return;
      const outcome = await this.#authority.execute({
        kind: 'openLease',
        leg,
        lease: this.#newLeaseId(),
        holder: this.#holder,
        ticket: prepared.ticket,
        ask: askFor([amount], 0, this.#paceOf(leg.account), true),
      });
      if (outcome.outcome !== 'applied' || outcome.lease === undefined) continue;
      this.counts.opened += 1;
      await this.#install(leg, prepared.ticket, outcome.lease, outcome.accounts[0]);
      return;
    }
  }

  async #install(
    leg: LegToLease,
    ticket: number,
    lease: Lease,
    account: Account | undefined,
  ): Promise<void> {
    if (account === undefined) return;
    const install = () =>
      this.#gate.execute({
        kind: 'install',
        account: leg.account,
        ticket,
        lease: lease.id,
        startAtMs: leg.period.startAtMs,
        endAtMs: leg.period.endAtMs,
        drawn: lease.drawn,
        sequence: account.sequence,
        elsewhere: elsewhereFor(account, lease),
      });
    let answer: Awaited<ReturnType<typeof install>>;
    try {
      answer = await install().catch((error: unknown) => {
        // Whether it was installed is unknown; installing the same again tells.
        if (isBursarError(error) && error.code === 'store_timeout') return install();
        throw error;
      });
    } catch (error) {
      if (isBursarError(error) && error.code === 'store_unavailable') this.#giveBack(leg, lease);
      throw error;
    }
    // Somebody else's ticket was newer: this lease has no copy, and will never have one.
    if (answer.answer === 'copy' && answer.copy === null) this.#giveBack(leg, lease);
    else {
      const pace = this.#paceOf(leg.account);
      pace.copy = answer.answer === 'copy' ? (answer.copy ?? undefined) : undefined;
      pace.lastDraw = lease.drawn;
    }
  }

  #giveBack(leg: LegToLease, lease: Lease): void {
    this.counts.givenBack += 1;
    this.#inBackground(
      this.#authority.execute({
        kind: 'returnLease',
        leg,
        lease: lease.id,
        returned: lease.drawn,
      }),
    );
  }

  #inBackground(work: Promise<unknown>): void {
    const watched = work
      .catch((error: unknown) => this.#log.debug({ error }, 'lease work in the background failed'))
      .finally(() => this.#background.delete(watched));
    this.#background.add(watched);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#time.after(ms, resolve));
  }

  #paceOf(account: AccountId): Pace {
    const known = this.#paces.get(account);
    if (known !== undefined) return known;
    const pace = newPace();
    this.#paces.set(account, pace);
    return pace;
  }
}

/** Whether more is spent and set aside than may be. */
function isOver(account: Account): boolean {
  if (account.limit === null) return false;
  return account.settled + account.reserved + account.leased > account.limit + account.granted;
}

function elsewhereFor(account: Account, lease: Lease): Elsewhere {
  return elsewhereOf(account, outstanding(lease), lease.settled);
}

function isNewer(copy: Copy, than: Copy): boolean {
  return copy.lease !== than.lease || copy.sequence >= than.sequence;
}
