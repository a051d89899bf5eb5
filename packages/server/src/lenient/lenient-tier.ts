/**
 * The lenient tier: a tier that goes on deciding when the stores behind it are away.
 *
 * Every command goes to the tier behind first. When that one fails and no store answers a question either, this
 * process decides alone: calls are let through within an allowance, calls that stores had reserved are settled,
 * and everything is on the disk before it is answered. Meanwhile the stores are asked every now and then; when
 * they answer, all that happened is booked, and only then does the tier behind decide again, so that nobody
 * decides as if that money had not been spent.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  type Authority,
  type BudgetId,
  BursarError,
  type Clock,
  type Command,
  type InstantMs,
  type LedgerEntry,
  type Outcome,
  type OutcomeOf,
  type ReservationId,
  type ReservationSnapshot,
  SWEEP_MAX,
  type Tier,
} from '@bursar/core';
import { type Breaker, BreakerOpen, type BreakerOptions } from '../breaker/breaker.ts';
import type { Timers } from '../clock/timers.ts';
import { isAway } from '../leasing/away.ts';
import type { Log } from '../telemetry/logger.ts';
import { AwayBook, type AwayBounds } from './away-book.ts';
import type { CallCommand } from './away-event.ts';
import { AwayJournal } from './away-journal.ts';
import { HomeBringer } from './bring-home.ts';
import { LastSeen } from './last-seen.ts';
import { LENIENT_TIMES, type LenientTimes } from './lenient-times.ts';
import { NobodyAnswers, Patience, type Stores } from './patience.ts';
import { StoresAway } from './stores-away.ts';
import { SILENCE, within } from './within.ts';

/** So few calls are booked while everybody waits; more of them are booked before. */
const HANDOVER_CALLS_MAX = 200;
/** How often what came in while the outage was being booked is booked before everybody has to wait. */
const PASSES_MAX = 10;

/** What a lenient tier is made of. */
export interface LenientTierOptions extends AwayBounds, Stores {
  /** Who usually decides. */
  readonly behind: Tier;
  readonly setAside: Authority['setAside'];
  /** Where the journal is. The caller sees to it that no other process uses it. */
  readonly directory: string;
  readonly makeBreaker: (options: BreakerOptions) => Breaker;
  readonly time: Clock & Timers;
  readonly times?: Partial<LenientTimes> | undefined;
  readonly log: Log;
}

/** An outage as others may know of it. */
export interface Outage {
  readonly sinceMs: InstantMs;
  /** What of the allowance is used. */
  readonly used: Amount;
  /** Whether the stores answer again, and what was let through is being booked. */
  readonly isEnding: boolean;
}

/** Decides when nobody else can. */
export class LenientTier implements Tier {
  readonly name: string;
  readonly allowance: Amount;
  readonly #options: LenientTierOptions;
  readonly #times: LenientTimes;
  readonly #behind: Tier;
  readonly #stores: Patience;
  readonly #book: AwayBook;
  readonly #journal: AwayJournal;
  readonly #home: HomeBringer;
  readonly #breaker: Breaker;
  readonly #seen = new LastSeen();
  #unreadable: readonly string[];
  #sinceMs: InstantMs | undefined;
  #handover: Handover | undefined;
  #returning: Promise<void> | undefined;
  #isBooking = false;
  #isClosed = false;
  readonly #counts = { outages: 0, alone: 0, turnedAway: 0 };

  private constructor(
    options: LenientTierOptions,
    book: AwayBook,
    journal: AwayJournal,
    unreadable: readonly string[],
  ) {
    const { behind, time, log, setAside } = options;
    this.name = behind.name;
    this.allowance = options.allowance;
    this.#options = options;
    this.#times = { ...LENIENT_TIMES, ...options.times };
    this.#behind = behind;
    this.#stores = new Patience({ ...options, times: this.#times });
    this.#book = book;
    this.#journal = journal;
    this.#unreadable = unreadable;
    this.#home = new HomeBringer({ tier: behind, book, journal, setAside, clock: time, log });
    this.#breaker = options.makeBreaker({
      failuresToOpen: 1,
      openMs: this.#times.probeEveryMs,
      isFailure: (error) => error instanceof StoresAway,
      probe: () => this.#return(),
      onChange: (state) => {
        if (state === 'open') this.#begin();
        if (state === 'closed') this.#end();
      },
    });
  }

  /**
   * Opens the journal of a directory and takes in what a process before this one left in it. No store is asked
   * before `start`.
   */
  static async open(options: LenientTierOptions): Promise<LenientTier> {
    const { directory, time, log } = options;
    const book = new AwayBook(options);
    const { journal, found } = await AwayJournal.open({
      directory,
      clock: time,
      log,
      keep: () => book.records(),
    });
    if (found.isTorn) log.info({}, 'the journal ended in a line that was never acknowledged');
    if (found.unreadable.length > 0) {
      log.error({ lines: found.unreadable.length }, 'lines of the journal do not read back');
    }
    book.restore(found.records);
    return new LenientTier(options, book, journal, found.unreadable);
  }

  /** What was left is booked first thing; while the stores are away, that outage is carried on. */
  async start(): Promise<void> {
    if (this.#book.hasPending || this.#unreadable.length > 0) await this.#carryOn();
    else if (this.#journal.bytes > 0) await this.#journal.clear();
  }

  /** The outage there is; nothing while a store decides. */
  get outage(): Outage | undefined {
    if (this.#sinceMs === undefined) return undefined;
    return { sinceMs: this.#sinceMs, used: this.#book.used, isEnding: this.#isBooking };
  }

  /** How far back what the ledger lacks may reach: to the beginning, for nobody knows of whose calls it is. */
  get carriedSinceMs(): InstantMs | undefined {
    return this.#book.hasPending ? (0 as InstantMs) : undefined;
  }

  /** How often each path was taken. */
  get counts(): Readonly<Record<string, number>> {
    const { booked, setAside } = this.#home.counts;
    const { flushes, rewrites } = this.#journal.counts;
    return {
      ...this.#counts,
      awayBooked: booked,
      awaySetAside: setAside,
      journalFlushes: flushes,
      journalRewrites: rewrites,
    };
  }

  async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    return (await this.#execute(command)) as OutcomeOf<C>;
  }

  async #execute(command: Command): Promise<Outcome> {
    return this.#orAlone(
      async () => {
        const outcome: Outcome = await this.#behind.execute(command);
        this.#seen.note(command, outcome);
        return outcome;
      },
      (cause) => this.#alone(command, cause),
    );
  }

  sweep(limit: number): Promise<number> {
    return this.#orAlone(
      () => this.#behind.sweep(limit),
      async () => {
        const due = this.#book.due(this.#options.time.nowMs(), Math.min(limit, SWEEP_MAX));
        await Promise.all(due.map((reservation) => this.execute({ kind: 'expire', reservation })));
        return due.length;
      },
    );
  }

  account(id: AccountId): Promise<Account | undefined> {
    return this.#orAlone(
      () => this.#behind.account(id),
      async (cause) => this.#book.account(id) ?? this.#seen.account(id) ?? unknown(cause),
    );
  }

  limit(budget: BudgetId): Promise<Amount | null | undefined> {
    return this.#orAlone(
      () => this.#behind.limit(budget),
      async (cause) => unknown(cause),
    );
  }

  reservation(id: ReservationId): Promise<ReservationSnapshot | undefined> {
    return this.#orAlone(
      () => this.#behind.reservation(id),
      async (cause) => this.#book.reservation(id) ?? this.#seen.reservation(id) ?? unknown(cause),
    );
  }

  entries(query: Parameters<Tier['entries']>[0]): Promise<readonly LedgerEntry[]> {
    return this.#orAlone(
      () => this.#behind.entries(query),
      async (cause) => unknown(cause),
    );
  }

  nowMs(): Promise<InstantMs> {
    return this.#orAlone(
      () => this.#behind.nowMs(),
      async () => this.#options.time.nowMs(),
    );
  }

  /** What is not booked stays in the journal, for the next process. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#breaker.stop();
    this.#endHandover();
    await this.#behind.close();
    await this.#returning?.catch(() => undefined);
    await this.#journal.close();
  }

  // Who decides.

  /** What the tier behind answers; what `alone` does when no store does. */
  async #orAlone<Result>(
    ask: () => Promise<Result>,
    alone: (cause: unknown) => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      if (this.#isClosed) {
        throw new BursarError('store_unavailable', { message: 'The store is closed.' });
      }
      let cause: unknown;
      try {
        return await this.#breaker.run(() => this.#stores.wait(ask()));
      } catch (error) {
        if (!(error instanceof BreakerOpen) && !(error instanceof NobodyAnswers)) throw error;
        cause = error.cause;
      }
      await this.#handover?.over;
      // It may be over by now; then the tier behind decides.
      const isOver = this.#breaker.state === 'closed' || this.#handover !== undefined;
      if (!isOver && !this.#isClosed) return alone(cause);
    }
  }

  // Deciding alone.

  async #alone(command: Command, cause: unknown): Promise<Outcome> {
    switch (command.kind) {
      case 'reserve':
      case 'extend':
      case 'settle':
      case 'release':
      case 'expire':
        return this.#decide(command);
      default:
        return unknown(cause);
    }
  }

  async #decide(command: CallCommand): Promise<Outcome> {
    if (command.kind === 'settle' && command.ack === 'ledger') {
      throw new StoresAway(
        'No store answers, so nothing can reach the ledger now; nothing was changed. Settle with ack "journal", or try again.',
      );
    }
    this.#journal.assertWritable();
    const { outcome, event } = this.#decideNow(command);
    if (event !== undefined) await this.#journal.append({ event });
    else if (outcome.outcome === 'applied') await this.#journal.durable();
    return outcome;
  }

  #decideNow(command: CallCommand): ReturnType<AwayBook['decide']> {
    try {
      const answer = this.#book.decide(command, this.#options.time.nowMs(), this.#seen);
      this.#counts.alone += 1;
      return answer;
    } catch (error) {
      if (error instanceof StoresAway) this.#counts.turnedAway += 1;
      throw error;
    }
  }

  // Beginning and ending.

  #begin(): void {
    if (this.#sinceMs !== undefined) return;
    const { time, log } = this.#options;
    this.#counts.outages += 1;
    this.#sinceMs = this.#book.sinceMs ?? time.nowMs();
    log.error({}, 'no store answers; calls are let through within the allowance, and journaled');
  }

  #end(): void {
    this.#options.log.info({ counts: this.counts }, 'a store decides again; all is booked');
    this.#sinceMs = undefined;
    this.#endHandover();
  }

  async #carryOn(): Promise<void> {
    this.#sinceMs = this.#book.sinceMs ?? this.#options.time.nowMs();
    this.#counts.outages += 1;
    const { time, reachLedger } = this.#options;
    try {
      const reached = await within(time, this.#times.patienceMs, reachLedger());
      if (reached === SILENCE) throw new NobodyAnswers(undefined);
      await this.#return();
      this.#end();
    } catch (error) {
      // The breaker knows nothing of it yet.
      const cause = new NobodyAnswers(error);
      await this.#breaker.run(() => Promise.reject(cause)).catch(() => undefined);
    }
  }

  /** Books everything, so that the tier behind can decide. Throws when the stores do not let it. */
  #return(): Promise<void> {
    this.#returning = this.#returnNow();
    return this.#returning;
  }

  async #returnNow(): Promise<void> {
    try {
      await this.#options.reachLedger();
      this.#isBooking = true;
      await this.#home.setUnreadableAside(this.#unreadable);
      this.#unreadable = [];
      // Calls go on being let through while the bulk of it is booked.
      for (let pass = 0; pass < PASSES_MAX; pass += 1) {
        if (this.#book.pending().length <= HANDOVER_CALLS_MAX) break;
        await this.#home.bring();
      }
      await this.#handOver();
    } catch (error) {
      this.#endHandover();
      if (!isAway(error)) this.#options.log.error({ error }, 'an outage could not be booked');
      throw error;
    } finally {
      this.#isBooking = false;
    }
  }

  /** From here on nobody decides until the breaker has closed. */
  async #handOver(): Promise<void> {
    this.#handover = handover();
    const { time } = this.#options;
    const brought = await within(time, this.#times.handoverMs, this.#home.bring());
    if (brought === SILENCE) throw new NobodyAnswers(undefined);
    this.#book.clear();
    await this.#journal.clear();
  }

  #endHandover(): void {
    this.#handover?.end();
    this.#handover = undefined;
  }
}

/** While there is one, everybody waits. */
interface Handover {
  readonly over: Promise<void>;
  readonly end: () => void;
}

function handover(): Handover {
  let end = (): void => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { over, end };
}

/** What cannot be known or done without a store. */
function unknown(cause: unknown): never {
  throw new StoresAway(
    'No store answers, and this cannot be known or done without; nothing was changed.',
    cause,
  );
}
