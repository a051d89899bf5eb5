/**
 * Which model ids a row of the price table is for, as data.
 *
 * Patterns are a small closed language instead of regular expressions: evaluating one always ends, costs
 * no more than a walk over the id, and a table can be printed, compared and stored.
 */

/**
 * A condition on a model id. `dated` is the family followed by a date: `gpt-6-sol-2026-09-22`; `stamped` the
 * same without hyphens in the date: `claude-opus-5-20260724`; `numbered` the family followed by `-` and a
 * digit, whatever comes then.
 */
export type ModelPattern =
  | { readonly equals: string }
  | { readonly startsWith: string }
  | { readonly endsWith: string }
  | { readonly contains: string }
  | { readonly dated: string }
  | { readonly stamped: string }
  | { readonly numbered: string }
  | { readonly noneOf: readonly ModelPattern[] }
  | { readonly anyOf: readonly ModelPattern[] }
  | { readonly allOf: readonly ModelPattern[] };

/** Longest model id that is looked up, in UTF-16 code units. */
export const MODEL_LENGTH_MAX = 256;

/**
 * `model` as it is compared: trimmed and in lower case, as in the source of the catalogue; `undefined` when
 * it is empty or longer than `MODEL_LENGTH_MAX`, and therefore no model.
 */
export function comparableModel(model: string): string | undefined {
  if (model.length > MODEL_LENGTH_MAX) return undefined;
  const comparable = model.trim().toLowerCase();
  return comparable === '' ? undefined : comparable;
}

/** Whether `pattern` holds for `model`, both in the form of `comparableModel`. */
export function matches(pattern: ModelPattern, model: string): boolean {
  if ('equals' in pattern) return model === pattern.equals;
  if ('startsWith' in pattern) return model.startsWith(pattern.startsWith);
  if ('endsWith' in pattern) return model.endsWith(pattern.endsWith);
  if ('contains' in pattern) return model.includes(pattern.contains);
  if ('dated' in pattern) return isFollowed(pattern.dated, DATE, model);
  if ('stamped' in pattern) return isFollowed(pattern.stamped, STAMP, model);
  if ('numbered' in pattern) return isFollowed(pattern.numbered, NUMBER, model);
  if ('noneOf' in pattern) return !pattern.noneOf.some((part) => matches(part, model));
  if ('anyOf' in pattern) return pattern.anyOf.some((part) => matches(part, model));
  return pattern.allOf.every((part) => matches(part, model));
}

const DATE = /^-[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const STAMP = /^-[0-9]{8}$/;
const NUMBER = /^-[0-9]/;

function isFollowed(family: string, by: RegExp, model: string): boolean {
  return model.startsWith(family) && by.test(model.slice(family.length));
}
