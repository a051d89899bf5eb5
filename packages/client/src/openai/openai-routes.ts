/**
 * Which of OpenAI's routes cost what: a written list, so that no request is free by accident.
 *
 * Metered routes are recognised by the end of their path, whatever stands before it (other providers,
 * Azure's deployments). Free ones need the API's root in front, because a compatible server may charge for
 * a route that merely ends alike. Everything else is refused, whatever OpenAI adds next included; why is in
 * `refused-routes.ts`. Routes of openai 6.49.0 and 7.59.0, read 2026-11-30; a test compares the list with
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
  | 'transcription'
  | 'batch';

/** What there is to do with a request. */
export type RouteDecision =
  | { readonly kind: 'metered'; readonly route: MeteredRoute }
  | { readonly kind: 'free' }
  /** Free, and its answer is the response with this id. */
  | { readonly kind: 'follow'; readonly id: string }
  /** Free, and its answer has batches in it. */
  | { readonly kind: 'jobs' }
  | { readonly kind: 'refused' };

const METERED: readonly (readonly [RegExp, MeteredRoute])[] = [
  [/\/chat\/completions$/, 'chat'],
  [/\/completions$/, 'completions'],
  [/\/responses$/, 'responses'],
  [/\/responses\/compact$/, 'compact'],
  [/\/embeddings$/, 'embeddings'],
  [/\/images\/(generations|edits|variations)$/, 'images'],
  [/\/audio\/speech$/, 'speech'],
  [/\/audio\/(transcriptions|translations)$/, 'transcription'],
  [/\/(v1|openai)\/batches$/, 'batch'],
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
  /\/(v1|openai)\/fine_tuning\/jobs\/[^/]+\/cancel$/,
];

/** Methods that read or remove. */
const FREE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);
/** One response, or the end of one that runs in the background. */
const RESPONSE: readonly (readonly [method: string, RegExp])[] = [
  ['GET', /\/responses\/([^/]+)$/],
  ['POST', /\/responses\/([^/]+)\/cancel$/],
];

/** Batches, or one of them. */
const BATCHES: readonly (readonly [method: string, RegExp])[] = [
  ['GET', /\/(v1|openai)\/batches(\/[^/]+)?$/],
  ['POST', /\/(v1|openai)\/batches\/[^/]+\/cancel$/],
];

/** The decision about a request; `url` is absolute, its query does not matter. */
export function routeOf(method: string, url: string): RouteDecision {
  const path = new URL(url).pathname.replace(/\/+$/, '');
  for (const [itsMethod, pattern] of RESPONSE) {
    const id = itsMethod === method ? pattern.exec(path)?.[1] : undefined;
    if (id !== undefined) return { kind: 'follow', id };
  }
  if (BATCHES.some(([its, pattern]) => its === method && pattern.test(path)))
    return { kind: 'jobs' };
  if (FREE_METHODS.has(method)) return { kind: 'free' };
  if (method !== 'POST') return { kind: 'refused' };
  const metered = METERED.find(([end]) => end.test(path));
  if (metered !== undefined) return { kind: 'metered', route: metered[1] };
  return { kind: FREE.some((pattern) => pattern.test(path)) ? 'free' : 'refused' };
}
