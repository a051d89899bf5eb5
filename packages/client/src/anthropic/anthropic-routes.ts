/**
 * Which of Anthropic's routes cost what: a written list, so that no request is free by accident. Routes of
 * @anthropic-ai/sdk 1.14.0, read 2026-11-30; a test compares the list with the package.
 */
import type { RefusalReason } from '../http/refusal-reasons.ts';

/** What there is to do with a request. */
export type RouteDecision =
  | { readonly kind: 'metered' }
  | { readonly kind: 'free' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

const MESSAGES = /\/v1\/messages$/;

/** Writing without any model at work. */
const FREE: readonly RegExp[] = [
  /\/v1\/messages\/count_tokens$/,
  /\/v1\/messages\/batches\/[^/]+\/cancel$/,
  /\/v1\/files$/,
  // The SDK fetches its own credentials through the same `fetch`.
  /\/oauth\/token$/,
];

/** Below `/v1/`. */
const REFUSED: readonly (readonly [RegExp, RefusalReason])[] = [
  [/^messages\/batches$/, 'later'],
  [/^(agents|deployments|dreams|environments|sessions|memory_stores)(\/|$)/, 'later'],
  [/^(organizations|compliance|skills|tunnels|user_profiles|vaults)(\/|$)/, 'administration'],
];

/** Methods that read or remove. */
const FREE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** The decision about a request; `url` is absolute, its query does not matter. */
export function routeOf(method: string, url: string): RouteDecision {
  if (FREE_METHODS.has(method)) return { kind: 'free' };
  const path = new URL(url).pathname.replace(/\/+$/, '');
  if (method !== 'POST') return { kind: 'refused', reason: 'undecided' };
  if (MESSAGES.test(path)) return { kind: 'metered' };
  if (FREE.some((pattern) => pattern.test(path))) return { kind: 'free' };
  const below = path.replace(/^.*?\/v1\//, '');
  const reason = REFUSED.find(([pattern]) => pattern.test(below))?.[1] ?? 'undecided';
  return { kind: 'refused', reason };
}
