/** How a Bursar server is reached: over HTTP or in this process, with the same words. */
import type {
  BudgetView,
  CurrentUsageInput,
  GetLimitInput,
  LimitOutput,
  SetLimitInput,
  UsageHistoryInput,
  UsageHistoryOutput,
} from '@bursar/api';
import type { MeterApi } from '../meter-api.ts';

/** Which user to follow, and until when. */
export interface LiveUsageQuery {
  readonly user: string;
  /** Ends the iteration when it aborts. */
  readonly signal?: AbortSignal;
}

/** Reading what users have spent. Methods throw `BursarError` and nothing else. */
export interface UsageApi {
  /** The user's budget in the present or a named month. */
  current(input: CurrentUsageInput): Promise<BudgetView>;
  /** Ledger entries, newest first, page by page. */
  history(input: UsageHistoryInput): Promise<UsageHistoryOutput>;
  /**
   * The user's budget now, then at every change, until the loop is left or `signal` aborts. Goes on after a
   * lost connection without a gap. A reader that falls behind gets the newest states.
   */
  live(query: LiveUsageQuery): AsyncIterableIterator<BudgetView>;
}

/** What users may spend. Methods throw `BursarError` and nothing else. */
export interface LimitsApi {
  get(input: GetLimitInput): Promise<LimitOutput>;
  set(input: SetLimitInput): Promise<LimitOutput>;
}

/** One server. */
export interface Transport {
  readonly meter: MeterApi;
  readonly usage: UsageApi;
  readonly limits: LimitsApi;
  /** Ends every live iteration. */
  close(): void;
}
