/**
 * Which of OpenAI's routes cost what: a written list, so that no request is free by accident.
 *
 * Metered routes are recognised by the end of their path, whatever stands before it (other providers,
 * Azure's deployments). Free ones need the API's root in front, because a compatible server may charge for
 * a route that merely ends alike. What is refused is listed with the reason, and whatever OpenAI adds next is
 * refused without one. Routes of openai 6.49.0 and 7.59.0, read 2026-11-30; a test compares the list with
 * both packages.
 */

/** What a metered request asks for. */
export type MeteredRoute =
  | 'chat'
  | 'responses'
  | 'compact'
  | 'completions'
  | 'embeddings'
  | 'images'
  | 'speech'
  | 'transcription';

/** What there is to do with a request. */
export type RouteDecision =
  | { readonly kind: 'metered'; readonly route: MeteredRoute }
  | { readonly kind: 'free' }
  /** Free, and its answer is the response with this id. */
  | { readonly kind: 'follow'; readonly id: string }
  | { readonly kind: 'refused'; readonly reason: string };

const METERED: readonly (readonly [RegExp, MeteredRoute])[] = [
  [/\/chat\/completions$/, 'chat'],
  [/\/completions$/, 'completions'],
  [/\/responses$/, 'responses'],
  [/\/responses\/compact$/, 'compact'],
  [/\/embeddings$/, 'embeddings'],
  [/\/images\/(generations|edits)$/, 'images'],
  [/\/audio\/speech$/, 'speech'],
  [/\/audio\/(transcriptions|translations)$/, 'transcription'],
];

/** Writing without any model at work, or a model that OpenAI offers for nothing. */
const FREE: readonly RegExp[] = [
  /\/responses\/input_tokens$/,
  // Only the metadata of a stored completion.
  /\/chat\/completions\/[^/]+$/,
  /\/(v1|openai)\/moderations$/,
  /\/(v1|openai)\/files$/,
  /\/(v1|openai)\/uploads(\/[^/]+\/(parts|complete|cancel))?$/,
  /\/(v1|openai)\/conversations(\/[^/]+(\/items)?)?$/,
  /\/(v1|openai)\/(batches|fine_tuning\/jobs)\/[^/]+\/cancel$/,
];

const LATER =
  'what it costs arises later, out of sight of this request; send it with a client that is not wrapped, and meter it with bursar.meter';
const BY_TIME = 'it is charged by time or storage, for which Bursar has no rule';
const BY_PIECE = 'it is charged by the piece, for which Bursar has no rule';
const ADMINISTRATION =
  'it administers the provider’s account, which is nothing that a user’s budget pays for; use a client that is not wrapped';
const UNDECIDED = 'Bursar has no rule for what this route costs';

/** Below the API's root. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^batches$/, LATER],
  [/^(agents|assistants|threads|chatkit|evals|fine_tuning)(\/|$)/, LATER],
  [/^(live|realtime)\//, LATER],
  [/^(containers|vector_stores|videos)(\/|$)/, BY_TIME],
  [/^images\/variations$/, BY_PIECE],
  [/^(decisions|content_provenance_checks|audio\/(voices|voice_consents)(\/.*)?)$/, BY_PIECE],
  [/^(organization|projects|skills|vaults|webhook_endpoints)(\/|$)/, ADMINISTRATION],
];

/** Methods that read or remove. */
const FREE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);
/** One response, or the end of one that runs in the background. */
const RESPONSE: readonly (readonly [method: string, RegExp])[] = [
  ['GET', /\/responses\/([^/]+)$/],
  ['POST', /\/responses\/([^/]+)\/cancel$/],
];

/** The decision about a request; `url` is absolute, its query does not matter. */
export function routeOf(method: string, url: string): RouteDecision {
  const path = new URL(url).pathname.replace(/\/+$/, '');
  for (const [itsMethod, pattern] of RESPONSE) {
    const id = itsMethod === method ? pattern.exec(path)?.[1] : undefined;
    if (id !== undefined) return { kind: 'follow', id };
  }
  if (FREE_METHODS.has(method)) return { kind: 'free' };
  if (method !== 'POST') return { kind: 'refused', reason: UNDECIDED };
  const metered = METERED.find(([end]) => end.test(path));
  if (metered !== undefined) return { kind: 'metered', route: metered[1] };
  if (FREE.some((pattern) => pattern.test(path))) return { kind: 'free' };
  const below = path.replace(/^.*?\/(v1|openai)\//, '');
  const reason = REFUSED.find(([pattern]) => pattern.test(below))?.[1] ?? UNDECIDED;
  return { kind: 'refused', reason };
}
