/** Translates the match rules of the source, as exact ids and patterns. */
import type { ModelPattern } from '../../packages/core/src/pricing/model-match.ts';
import type { SourceMatch } from './source-catalogue.ts';

/** Ids are listed apart, so that they can be looked up without trying every row. */
interface RowMatch {
  readonly ids: readonly string[];
  readonly patterns: readonly ModelPattern[];
}

/** `match` taken apart at its outermost `or`. Throws for what the pattern language cannot say. */
export function rowMatch(match: SourceMatch): RowMatch {
  const alternatives = 'or' in match ? match.or : [match];
  const patterns = alternatives.map(patternOf);
  return {
    ids: [...new Set(patterns.flatMap((pattern) => ('equals' in pattern ? [pattern.equals] : [])))],
    patterns: patterns.filter((pattern) => !('equals' in pattern)),
  };
}

function patternOf(match: SourceMatch): ModelPattern {
  if ('equals' in match) return { equals: match.equals.toLowerCase() };
  if ('starts_with' in match) return { startsWith: match.starts_with.toLowerCase() };
  if ('ends_with' in match) return { endsWith: match.ends_with.toLowerCase() };
  if ('contains' in match) return { contains: match.contains.toLowerCase() };
  if ('or' in match) return { anyOf: match.or.map(patternOf) };
  if ('and' in match) return { allOf: match.and.map(patternOf) };
  return regexPattern(match.regex);
}

/** Characters that stand for themselves, or do so behind a backslash. */
const LITERAL = String.raw`((?:[a-z0-9/=-]|\\[.[\]])+)`;

/** The few forms of regular expressions that the source uses: a family, with its dots escaped, and an end. */
const FORMS: readonly (readonly [RegExp, (family: string) => ModelPattern])[] = [
  [new RegExp(String.raw`^\^${LITERAL}-\\d\{4\}-\\d\{2\}-\\d\{2\}\$$`), (dated) => ({ dated })],
  [new RegExp(String.raw`^\^${LITERAL}-\\d\{8\}\$$`), (stamped) => ({ stamped })],
  [new RegExp(String.raw`^\^${LITERAL}-\\d$`), (numbered) => ({ numbered })],
  [new RegExp(String.raw`^\^${LITERAL}\$$`), (equals) => ({ equals })],
];

/** Anything that is no variant for speech. */
const NO_SPEECH = '^(?!.*-[tT][tT][sS](?:$|-))';

function regexPattern(regex: string): ModelPattern {
  if (regex === NO_SPEECH) return { noneOf: [{ endsWith: '-tts' }, { contains: '-tts-' }] };
  for (const [form, pattern] of FORMS) {
    const family = form.exec(regex)?.[1];
    if (family !== undefined) return pattern(family.replaceAll('\\', ''));
  }
  throw new Error(`cannot translate the model pattern ${regex}`);
}
