/** Rate limits as headers, for products to put on their own answers. */
import type { ReserveOutput } from '@bursar/api';
import { rateHeaders } from '@bursar/api/rate-headers';
import { systemNowMs } from './runtime.ts';

/**
 * The headers that tell a product's own client how the tightest rate limit of a call stands: `X-RateLimit-*`,
 * `RateLimit-Policy`, `RateLimit`, and `Retry-After` with a refusal that waiting helps. `decision` is the answer to
 * `meter.reserve`, or what `denialOf` finds in an error. None when no rate limit was asked. Whoever sees them learns
 * the names of rules, and no name of a user or other scope. `nowMs` is the present in Unix milliseconds.
 */
export function rateLimitHeaders(
  decision: ReserveOutput,
  nowMs: number = systemNowMs(),
): Readonly<Record<string, string>> {
  return rateHeaders(decision, nowMs);
}
