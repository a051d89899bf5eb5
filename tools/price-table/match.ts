/** Match rules of the source, as exact ids and patterns. */
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
    ids: patterns.flatMap((pattern) => ('equals' in pattern ? [pattern.equals] : [])),
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
  return datedPattern(match.regex);
}

/** The one regular expression that the source uses: a family, with its dots escaped, and a date. */
const DATED = /^\^((?:[a-z0-9-]|\\\.)+)-\\d\{4\}-\\d\{2\}-\\d\{2\}\$$/;

function datedPattern(regex: string): ModelPattern {
  const family = DATED.exec(regex)?.[1];
  if (family === undefined) throw new Error(`cannot translate the model pattern ${regex}`);
  return { dated: family.replaceAll('\\.', '.') };
}
