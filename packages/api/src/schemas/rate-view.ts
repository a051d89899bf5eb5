/** How a rate limit is shown. `limit`, `used` and `remaining` in what it counts: requests, tokens, or nano-USD. */
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
  /** When nothing of it is used any more if no call comes, ISO 8601. */
  readonly resetAt: string;
}
