/**
 * Layers: which of several rules for the same budget or rate counts, and why.
 *
 * Pure bookkeeping over candidates in ascending order of strength; where they come from: `resolve.ts`. Every
 * candidate that was looked at stays in the answer with its verdict, because "why this limit?" is asked daily.
 */
import type { Change, Dated } from './policy-set.ts';
import type { Exception } from './policies.ts';

/** Where a rule comes from, the weakest first. */
export type Layer = 'default' | 'plan' | 'tenant' | 'scope' | 'grant';

/**
 * What became of a rule: it is the one that counts (`won`), it changed some terms of that one (`altered`) or
 * added credit (`added`); something stronger took its place (`lost`) or took it away (`removed` is the record
 * that did); or it has no effect at present (`idle`).
 */
export type Verdict = 'won' | 'altered' | 'added' | 'lost' | 'removed' | 'idle';

/** One record that was considered. */
export interface Considered {
  readonly layer: Layer;
  /** `defaults`, the plan's name, or the id of the override or grant. */
  readonly source: string;
  /** Whether it is for this scope by its name, and not for each of its kind. */
  readonly named: boolean;
  readonly verdict: Verdict;
  /** Why it is idle or lost, as the rest of a sentence that starts with the record. */
  readonly reason?: string;
}

/** A record that may decide, and how. */
export interface Candidate<Terms> {
  readonly layer: Layer;
  readonly source: string;
  readonly named: boolean;
  readonly step: Change<Terms> | { readonly kind: 'idle' | 'lost'; readonly reason: string };
}

/** The terms that `candidates` (the weakest first) lead to, or none, and what became of each. */
export function fold<Terms>(candidates: readonly Candidate<Terms>[]): {
  readonly terms: Terms | undefined;
  readonly considered: readonly Considered[];
} {
  let terms: Terms | undefined;
  let considered: Considered[] = [];
  for (const { layer, source, named, step } of candidates) {
    const record = { layer, source, named };
    switch (step.kind) {
      case 'set':
      case 'remove': {
        const verdict = step.kind === 'set' ? 'won' : 'removed';
        considered = considered.map((other) => yielding(other, layer, source));
        considered.push({ ...record, verdict });
        terms = step.kind === 'set' ? step.terms : undefined;
        break;
      }
      case 'alter':
        if (terms === undefined) {
          considered.push({
            ...record,
            verdict: 'idle',
            reason: 'there is no rule for it to alter',
          });
        } else {
          terms = { ...terms, ...given(step.terms) };
          considered.push({ ...record, verdict: 'altered' });
        }
        break;
      default:
        considered.push({ ...record, verdict: step.kind, reason: step.reason });
    }
  }
  return { terms, considered };
}

/**
 * What the overrides of one place say about one rule at `nowMs`, the weakest first: at most one of them has
 * a say. `exceptions` have the strongest first.
 */
export function candidatesAmong<Terms>(
  exceptions: readonly Exception<Terms>[],
  place: Pick<Candidate<Terms>, 'layer' | 'named'>,
  nowMs: number,
): Candidate<Terms>[] {
  const strongest = exceptions.find((exception) => isInForce(exception, nowMs));
  return exceptions
    .map(({ id, change, fromMs, untilMs }): Candidate<Terms> => {
      const record = { ...place, source: id };
      if (id === strongest?.id) return { ...record, step: change };
      const reason = whyNot({ fromMs, untilMs }, nowMs);
      if (reason !== undefined) return { ...record, step: { kind: 'idle', reason } };
      const instead = `"${strongest?.id}" is in force too and counts instead, having begun last`;
      return { ...record, step: { kind: 'lost', reason: instead } };
    })
    .toReversed();
}

/** Why something is not in force at `nowMs`; nothing if it is. */
export function whyNot({ fromMs, untilMs }: Dated, nowMs: number): string | undefined {
  if (fromMs !== null && nowMs < fromMs) return `it begins ${new Date(fromMs).toISOString()}`;
  if (untilMs !== null && nowMs >= untilMs) return `it ended ${new Date(untilMs).toISOString()}`;
  return undefined;
}

function isInForce({ fromMs, untilMs }: Dated, nowMs: number): boolean {
  return (fromMs === null || fromMs <= nowMs) && (untilMs === null || nowMs < untilMs);
}

/** A record after a stronger one has had its say. */
function yielding(other: Considered, layer: Layer, source: string): Considered {
  if (other.verdict === 'idle' || other.verdict === 'lost') return other;
  const by = source === 'defaults' ? 'a default for this scope by its name' : `"${source}"`;
  return { ...other, verdict: 'lost', reason: `${by} (${layer}) comes after it` };
}

/** The terms that are not `undefined`: an alteration names what it changes. */
function given<Terms>(terms: Partial<Terms>): Partial<Terms> {
  return Object.fromEntries(
    Object.entries(terms).filter(([, term]) => term !== undefined),
  ) as Partial<Terms>;
}
