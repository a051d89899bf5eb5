/**
 * Why OpenAI's routes are refused that are not metered and not free: a written list. In a file of its own, because it
 * is loaded only when one is.
 */
import type { RefusalReason } from '../http/refusal-reasons.ts';

/** Below the API's root. */
const REFUSED: readonly (readonly [RegExp, RefusalReason])[] = [
  [/^(agents|assistants|threads|chatkit|evals|fine_tuning)(\/|$)/, 'later'],
  [/^(live|realtime)\//, 'later'],
  [/^(containers|vector_stores|videos)(\/|$)/, 'by_time'],
  [/^(decisions|content_provenance_checks|audio\/(voices|voice_consents)(\/.*)?)$/, 'by_piece'],
  [/^(organization|projects|skills|vaults|webhook_endpoints)(\/|$)/, 'administration'],
];

/** Why `url` is refused; `undecided` for what nobody has looked at. */
export function whyRefused(url: string): RefusalReason {
  const path = new URL(url).pathname.replace(/\/+$/, '');
  const below = path.replace(/^.*?\/(openai\/v1|v1|openai)\//, '');
  return REFUSED.find(([pattern]) => pattern.test(below))?.[1] ?? 'undecided';
}
