/**
 * Rate limits on the answers themselves: headers for `meter.reserve`, if it was called alone.
 *
 * A batch has one set of headers and many answers, whose limits are in their bodies. A refusal is an answer and no
 * error, so its status is 200 like that of any decision: 429 would make proxies and clients repeat it, and is for the
 * product to give to its own callers.
 */
import { type Allowed, type Denied, rateHeaders } from '@bursar/api';

/** The headers for the answers `data` to the procedures `paths`. */
export function reserveHeaders(
  paths: readonly string[],
  data: readonly unknown[],
  nowMs: number,
): Readonly<Record<string, string>> {
  const [path, ...others] = paths;
  if (path !== 'meter.reserve' || others.length > 0 || data[0] === undefined) return {};
  return rateHeaders(data[0] as Allowed | Denied, nowMs);
}
