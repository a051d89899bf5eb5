/**
 * Rate limits as HTTP headers: what an answer to `meter.reserve` says about the tightest one, for clients that know
 * headers and not Bursar.
 *
 * Two families say the same: `X-RateLimit-*` as GitHub has it, and the IETF's `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers, revisions 10 and 11, read on 2026-11-30). One limit is shown, because more
 * would tell who reads them less: the one with the smallest part left, or, of a refusal, the one that takes longest.
 * Numbers are in what the rule counts: requests, tokens, or nano-USD. Imports nothing at run time, so that any
 * client can bundle it.
 */
import type { Denied } from './schemas/denials/denied.ts';
import type { RateView } from './schemas/rate-view.ts';
import type { Allowed } from './schemas/reserve.ts';

/** What no text has, and no encoding takes. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** Largest integer of a structured field (RFC 9651): 15 digits. */
const FIELD_INTEGER_MAX = 999_999_999_999_999;

/**
 * The headers by their names. None when no rate limit was asked or when something else than a rate refused the call.
 * `nowMs` is the present. `Retry-After` only with a refusal that waiting helps.
 *
 * | Header | Value |
 * |---|---|
 * | `X-RateLimit-Limit`, `-Used`, `-Remaining` | permits |
 * | `X-RateLimit-Reset` | when nothing is used any more if no call comes: Unix seconds, always in the future |
 * | `X-RateLimit-Resource` | kind of scope and name of the rule, percent-encoded: `user/pace` |
 * | `Retry-After` | seconds |
 * | `RateLimit-Policy` | `"user/pace";q=100;w=60`: permits and seconds; `qu` names what is counted unless it is requests |
 * | `RateLimit` | `"user/pace";r=12;t=30`: permits left, and the seconds for which they have to do |
 */
export function rateHeaders(
  decision: Allowed | Denied,
  nowMs: number,
): Readonly<Record<string, string>> {
  const rate = tightestOf(decision);
  if (rate === undefined) return {};
  const resource = `${encode(rate.scope.kind)}/${encode(rate.name)}`;
  const resetAtSeconds = Math.max(
    Math.ceil(Date.parse(rate.resetAt) / 1_000),
    Math.floor(nowMs / 1_000) + 1,
  );
  const retrySeconds = retrySecondsOf(decision);
  const waitSeconds = retrySeconds ?? Math.max(1, Math.ceil(resetAtSeconds - nowMs / 1_000));
  return {
    'X-RateLimit-Limit': String(rate.limit),
    'X-RateLimit-Remaining': String(rate.remaining),
    'X-RateLimit-Used': String(rate.used),
    'X-RateLimit-Reset': String(resetAtSeconds),
    'X-RateLimit-Resource': resource,
    ...(retrySeconds !== undefined && { 'Retry-After': String(retrySeconds) }),
    'RateLimit-Policy': `"${resource}";q=${bounded(rate.limit)}${unitOf(rate)}${windowOf(rate)}`,
    RateLimit: `"${resource}";r=${bounded(rate.remaining)};t=${bounded(waitSeconds)}`,
  };
}

function tightestOf(decision: Allowed | Denied): RateView | undefined {
  if (decision.decision === 'allowed') return decision.rates[0];
  return decision.reason === 'rate_limited' ? decision.rates[0] : undefined;
}

function retrySecondsOf(decision: Allowed | Denied): number | undefined {
  if (decision.decision === 'allowed' || decision.reason !== 'rate_limited') return undefined;
  const { retryAfterMs } = decision;
  return retryAfterMs === null ? undefined : Math.max(1, Math.ceil(retryAfterMs / 1_000));
}

/** Of the units only those of requests are registered; to leave out another would say that it is requests. */
function unitOf({ counts, windowMs }: RateView): string {
  switch (counts) {
    case 'requests':
      return windowMs === null ? ';qu="concurrent-requests"' : '';
    case 'inputTokens':
      return ';qu="input-tokens"';
    case 'outputTokens':
      return ';qu="output-tokens"';
    case 'units':
      return ';qu="units"';
    case 'totalTokens':
      return ';qu="total-tokens"';
    case 'money':
      return ';qu="nano-usd"';
  }
}

/** In whole seconds, rounded up: who keeps to a longer window stays within the limit. */
function windowOf({ windowMs }: RateView): string {
  return windowMs === null ? '' : `;w=${bounded(Math.max(1, Math.ceil(windowMs / 1_000)))}`;
}

/** Any name in characters that both a token of HTTP and a string of a structured field can have. */
function encode(name: string): string {
  return encodeURIComponent(name.replace(LONE_SURROGATES, '\uFFFD')).replace(
    /[!*'()~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function bounded(value: number): number {
  return Math.min(value, FIELD_INTEGER_MAX);
}
