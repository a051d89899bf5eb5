/**
 * The port by which the ends of calls are told to the server: at once, or from a journal once the server is heard.
 */
import type { ReleaseInput, SettleInput, SettleOutput } from '@bursar/api';
import type { CallIdentity } from '../call-hooks.ts';
import type { MeterApi } from '../meter-api.ts';
import type { CallTerms, Spent } from '../call-terms.ts';
import type { Runtime } from '../runtime.ts';
import type { Circuit } from '../unreachable/circuit.ts';
import type { Metering } from '../wrap-options.ts';

/** `told`: the server has acknowledged it. `kept`: nobody hears the server; it is in a journal and told later. */
export type Told = 'told' | 'kept';

/** Ends of calls on their way to the server. */
export interface Commits {
  /** For calls that are made unreserved; nothing where there is no journal. */
  readonly unreserved?: UnreservedCalls;
  /** Books what a call has cost; `onBooked` hears of it, also later. Rejects when it is neither told nor kept. */
  settle(input: SettleInput, onBooked: (settled: SettleOutput) => void): Promise<Told>;
  /** Gives back what was set aside for a call. Rejects like `settle`. */
  release(input: ReleaseInput): Promise<Told>;
  /** Resolves when everything that is kept was tried once more. Never rejects. */
  flush(): Promise<void>;
  /** Lets the journal go, and answers how many ends stay behind in it. Never rejects. */
  close(): Promise<number>;
}

/** Calls that are made although nobody hears Bursar. */
export interface UnreservedCalls {
  /**
   * Notes what a call costs at most that is about to be made, should this process not live to say better, and answers
   * with it. Rejects with `journal_unavailable`: then the call must not be made.
   */
  letThrough(identity: CallIdentity, terms: CallTerms, metering: Metering): Promise<Spent>;
  /** Takes that back: the call was not made. Never rejects. */
  withdraw(reservation: string): Promise<void>;
}

/** A journal, before it is known whose ends of calls it is to keep. */
export interface Journal {
  /** Opens it, and tells what earlier processes have left in it. */
  open(parts: JournalParts): Commits;
}

/** What a journal needs of the connection that it belongs to. */
export interface JournalParts {
  /** To the server, once for each call. */
  readonly meter: Pick<MeterApi, 'settle' | 'release'>;
  /** The same, repeated a few times. */
  readonly retrying: Pick<MeterApi, 'settle' | 'release'>;
  readonly circuit: Pick<Circuit, 'isOpen' | 'onClosed'>;
  readonly runtime: Runtime;
}

/** Without a journal: tells, a few times. */
export function unjournaledCommits(meter: Pick<MeterApi, 'settle' | 'release'>): Commits {
  return {
    async settle(input, onBooked) {
      onBooked(await meter.settle(input));
      return 'told';
    },
    async release(input) {
      await meter.release(input);
      return 'told';
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(0),
  };
}
