/**
 * The provider's own book: every call at its arrival, and how it ended. This is the other side's bill,
 * against which a meter can be judged, so it counts what was generated, not what was reported.
 */
import { Counter } from './counter.ts';
import type { TokenUsage } from './token-usage.ts';

/** Most records kept; beyond it the older half is dropped. Totals stay exact. */
const RECORDS_MAX = 200_000;

/**
 * How a call ended: answered in full; given up by the client; dropped by the provider, as asked; refused
 * with a status of 400 or more.
 */
export type Ending = 'completed' | 'aborted' | 'cut' | 'errored';

/**
 * One call. It arrives when its whole request has been read. The token counts are what a provider would
 * bill: the prompt once the call is accepted, and the output generated so far, sent or not.
 */
export interface CallRecord extends TokenUsage {
  /** Also the answer's `x-request-id`. */
  readonly id: string;
  /** Without the query. */
  readonly path: string;
  /** As requested; null when the request named none. */
  readonly model: string | null;
  /** The end of the key that pays for it, as bills show keys; null without one. */
  readonly keyHint: string | null;
  /** Milliseconds since 1970, this process's clock. */
  readonly arrivedAtMs: number;
  /** The SDK's count of earlier attempts at the same call. */
  readonly retryCount: number;
  /** HTTP status answered; null before. */
  readonly status: number | null;
  /** What the client was told, null when it was told nothing (yet). */
  readonly reportedUsage: TokenUsage | null;
  /** Null while the call is open. */
  readonly ending: Ending | null;
}

/** A record while its call is open. */
export type OpenCall = { -readonly [Field in keyof CallRecord]: CallRecord[Field] };

/** Sums since the start. Tokens are those of ended calls. */
export interface Totals extends TokenUsage, Record<Ending, number> {
  readonly arrived: number;
  readonly open: number;
}

export class CallLog {
  readonly records: OpenCall[] = [];
  readonly arrived = new Counter();
  readonly ended = new Counter();
  readonly #endings = { completed: 0, aborted: 0, cut: 0, errored: 0 };
  readonly #tokens = { promptTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };

  arrive(call: OpenCall): void {
    if (this.records.length >= RECORDS_MAX) this.records.splice(0, RECORDS_MAX / 2);
    this.records.push(call);
    this.arrived.increment();
  }

  end(call: OpenCall, ending: Ending): void {
    call.ending = ending;
    this.#endings[ending]++;
    this.#tokens.promptTokens += call.promptTokens;
    this.#tokens.cachedTokens += call.cachedTokens;
    this.#tokens.outputTokens += call.outputTokens;
    this.#tokens.reasoningTokens += call.reasoningTokens;
    this.ended.increment();
  }

  totals(): Totals {
    const arrived = this.arrived.value;
    return { arrived, open: arrived - this.ended.value, ...this.#endings, ...this.#tokens };
  }
}
