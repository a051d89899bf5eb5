/**
 * Which of Anthropic's routes cost what: a written list, so that no request is free by accident. Routes of
 * @anthropic-ai/sdk 1.14.0, read 2026-11-30; a test compares the list with the package.
 */

/** What there is to do with a request. */
export type RouteDecision =
  | { readonly kind: 'metered' }
  | { readonly kind: 'free' }
  | { readonly kind: 'refused'; readonly reason: string };

const MESSAGES = /\/v1\/messages$/;

/** Writing without any model at work. */
const FREE: readonly RegExp[] = [
  /\/v1\/messages\/count_tokens$/,
  /\/v1\/messages\/batches\/[^/]+\/cancel$/,
  /\/v1\/files$/,
  // The SDK fetches its own credentials through the same `fetch`.
  /\/oauth\/token$/,
];

const LATER =
  'what it costs arises later, out of sight of this request; send it with a client that is not wrapped, and meter it with bursar.meter';
const ADMINISTRATION =
  'it administers the provider’s account, which is nothing that a user’s budget pays for; use a client that is not wrapped';
const UNDECIDED = 'Bursar has no rule for what this route costs';

/** Below `/v1/`. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^messages\/batches$/, LATER],
  [/^(agents|deployments|dreams|environments|sessions|memory_stores)(\/|$)/, LATER],
  [/^(organizations|compliance|skills|tunnels|user_profiles|vaults)(\/|$)/, ADMINISTRATION],
];

/** Methods that read or remove. */
const FREE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** The decision about a request; `url` is absolute, its query does not matter. */
export function routeOf(method: string, url: string): RouteDecision {
  if (FREE_METHODS.has(method)) return { kind: 'free' };
  const path = new URL(url).pathname.replace(/\/+$/, '');
  if (method !== 'POST') return { kind: 'refused', reason: UNDECIDED };
  if (MESSAGES.test(path)) return { kind: 'metered' };
  if (FREE.some((pattern) => pattern.test(path))) return { kind: 'free' };
  const below = path.replace(/^.*?\/v1\//, '');
  const reason = REFUSED.find(([pattern]) => pattern.test(below))?.[1] ?? UNDECIDED;
  return { kind: 'refused', reason };
}
