/**
 * Which of OpenAI's routes cost what: a written list, so that no request is free by accident.
 *
 * Metered routes are recognised by the end of their path, whatever stands before it (other providers,
 * Azure's deployments). Free ones need the API's root in front, because a compatible server may charge for
 * a route that merely ends alike. Everything else has no rule: images, audio, videos, batches, fine-tuning,
 * assistants, containers, realtime sessions, and whatever OpenAI adds next. Routes of openai 7.57.0, read
 * 2026-11-23; a test compares the list with the package.
 */

/** What a metered request asks for. */
export type MeteredRoute = 'chat' | 'responses' | 'embeddings';

/** What there is to do with a request. */
export type Route = MeteredRoute | 'free' | 'unknown';

const METERED: readonly (readonly [RegExp, MeteredRoute])[] = [
  [/\/chat\/completions$/, 'chat'],
  [/\/responses$/, 'responses'],
  [/\/embeddings$/, 'embeddings'],
];

/** Writing without any model at work, or a model that OpenAI offers for nothing. */
const FREE: readonly RegExp[] = [
  /\/responses\/(input_tokens|[^/]+\/cancel)$/,
  // Only the metadata of a stored completion.
  /\/chat\/completions\/[^/]+$/,
  /\/(v1|openai)\/moderations$/,
  /\/(v1|openai)\/files$/,
  /\/(v1|openai)\/uploads(\/[^/]+\/(parts|complete|cancel))?$/,
  /\/(v1|openai)\/conversations(\/[^/]+(\/items)?)?$/,
  /\/(v1|openai)\/(batches|fine_tuning\/jobs)\/[^/]+\/cancel$/,
];

/** Methods that read or remove. */
const FREE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** The route of a request; `url` is absolute, its query does not matter. */
export function routeOf(method: string, url: string): Route {
  if (FREE_METHODS.has(method)) return 'free';
  if (method !== 'POST') return 'unknown';
  const path = new URL(url).pathname.replace(/\/+$/, '');
  const metered = METERED.find(([end]) => end.test(path));
  if (metered !== undefined) return metered[1];
  return FREE.some((pattern) => pattern.test(path)) ? 'free' : 'unknown';
}
