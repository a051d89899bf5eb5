/** With which HTTP status a denial is answered, or would be. */
import type { Denied } from '@bursar/api';

/**
 * 429 for what fits again by itself after a known time, so that SDKs wait and try again; 413 for what is too large, and
 * 402 for everything else, which they do not try again.
 */
export function statusOfDenial(denied: Denied): 402 | 413 | 429 {
  if (denied.reason === 'rate_limited' && denied.retryAfterMs !== null) return 429;
  return denied.reason === 'request_too_large' ? 413 : 402;
}
