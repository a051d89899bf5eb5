/** How a Bursar server is reached: over HTTP or in this process, with the same words. */
import type {
  BudgetView,
  ClearLimitInput,
  CurrentUsageInput,
  ExplainPoliciesInput,
  ExplainPoliciesOutput,
  GetLimitInput,
  LimitOutput,
  ListPromotionsInput,
  ListPromotionsOutput,
  PoliciesOutput,
  PutPoliciesInput,
  PutPoliciesOutput,
  ListKeysInput,
  ListKeysOutput,
  OpenKeyInput,
  OpenKeyOutput,
  RegisteredKey,
  RegisterKeyInput,
  RejectKeyInput,
  RejectKeyOutput,
  RevokeKeyInput,
  RevokeKeyOutput,
  SetLimitInput,
  UsageHistoryInput,
  UsageHistoryOutput,
} from '@bursar/api';
import type { MeterApi } from '../meter-api.ts';

/** Which budget to follow, and until when. */
export type LiveUsageQuery = (
  | { readonly user: string; readonly scope?: undefined }
  /** What the budget is on: `{ team: 'growth' }`, or `{ kind: 'team', name: 'growth' }`. */
  | { readonly scope: ScopeName; readonly user?: undefined }
) & {
  /** As the policies name it; `credit` by default. */
  readonly budget?: string;
  /** Ends the iteration when it aborts. */
  readonly signal?: AbortSignal;
};

/** One scope: its kind with its name, or the two of them as the server has them. */
export type ScopeName =
  | { readonly kind: string; readonly name: string }
  | Readonly<Record<string, string>>;

/** Reading what users have spent. Methods throw `BursarError` and nothing else. */
export interface UsageApi {
  /** The user's budget in the present or a named month. */
  current(input: CurrentUsageInput): Promise<BudgetView>;
  /** Ledger entries, newest first, page by page. */
  history(input: UsageHistoryInput): Promise<UsageHistoryOutput>;
  /**
   * A budget now, then at every change, until the loop is left or `signal` aborts. Goes on after a
   * lost connection without a gap. A reader that falls behind gets the newest states.
   */
  live(query: LiveUsageQuery): AsyncIterableIterator<BudgetView>;
}

/** What users may spend. Methods throw `BursarError` and nothing else. */
export interface LimitsApi {
  get(input: GetLimitInput): Promise<LimitOutput>;
  set(input: SetLimitInput): Promise<LimitOutput>;
  /** Ends a budget's own limit: what the policies say counts again. */
  clear(input: ClearLimitInput): Promise<LimitOutput>;
}

/** The policies of the installation, for its operator. Methods throw `BursarError` and nothing else. */
export interface PoliciesApi {
  /** What is in force, as it was put, and the last sets before it. */
  get(): Promise<PoliciesOutput>;
  /** Puts a set in force: on every server within a second. Throws `policy_invalid` and `policy_conflict`. */
  put(input: PutPoliciesInput): Promise<PutPoliciesOutput>;
  /** Every rule that was considered for a caller, and which of them count. */
  explain(input: ExplainPoliciesInput): Promise<ExplainPoliciesOutput>;
  /** Who is to be promoted, where to and when, page by page; promotes nobody. */
  promotions(input?: ListPromotionsInput): Promise<ListPromotionsOutput>;
}

/** Users' own keys at a provider. Methods throw `BursarError` and nothing else. */
export interface KeysApi {
  /** Makes `key` the user's key at the provider; the one before it is revoked. */
  register(input: RegisterKeyInput): Promise<RegisteredKey>;
  /** Keys by their hints, oldest first, page by page. */
  list(input?: ListKeysInput): Promise<ListKeysOutput>;
  /** The key itself, for one call: not to be kept or logged. Throws `own_key_not_found`, `own_key_unavailable`. */
  open(input: OpenKeyInput): Promise<OpenKeyOutput>;
  /** Says that the provider did not take the key: it pays for nothing until it is registered again. */
  reject(input: RejectKeyInput): Promise<RejectKeyOutput>;
  /** Within a second the key pays for nothing, on every server. */
  revoke(input: RevokeKeyInput): Promise<RevokeKeyOutput>;
}

/** One server. */
export interface Transport {
  readonly meter: MeterApi;
  readonly usage: UsageApi;
  readonly limits: LimitsApi;
  readonly keys: KeysApi;
  readonly policies: PoliciesApi;
  /** Ends every live iteration. */
  close(): void;
}
