/** How a rate limit is shown. `limit`, `used` and `remaining` in what it counts: requests, tokens, units, or nano-USD. */
import type { Counted, ScopeKind } from '@bursar/core';

/** One rate limit as it stands after an answer. */
export interface RateView {
  readonly scope: { readonly kind: ScopeKind; readonly name: string };
  /** The name of the rule. */
  readonly name: string;
  readonly counts: Counted;
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /**
   * The time that the limit is for, in milliseconds: of a bucket, in which an empty one fills. `null` of slots, which
   * are free again when their calls end.
   */
  readonly windowMs: number | null;
  /** When nothing of it is used any more if no call comes, ISO 8601. */
  readonly resetAt: string;
  /**
   * In how many milliseconds from this answer the whole limit is there again at once, whoever calls until then; `null`
   * where what is used comes back bit by bit. From now on, so that nobody needs the server's clock.
   */
  readonly renewsAfterMs: number | null;
}
