/**
 * Who the promotions of a policy set are about, who of them is to be moved now, and the document that says so.
 *
 * Only scopes that were assigned a plan by themselves are moved: what a tenant as a whole was assigned has no
 * spend of its own. A promotion changes the plan of the scope's assignment and nothing else in the document.
 */
import {
  type InstantMs,
  type Json,
  type PolicySet,
  promote,
  type Promotion,
  type PromotionFacts,
  type Scope,
  spendOf,
} from '@bursar/core';
import { OWN_KEY_BUDGET } from '../service/funding.ts';
import type { SpendFacts, TenantScope } from './spend-facts.ts';

/** A scope whose plan some promotion leads on from. */
export interface Candidate extends TenantScope {
  readonly plan: string;
  /** The place of its assignment in the document. */
  readonly index: number;
}

/** A candidate, with what it has spent and where that leads. */
export interface Standing extends Candidate {
  /** Nothing while nothing was booked. */
  readonly facts: Pick<PromotionFacts, 'spent' | 'sinceMs'> | undefined;
  readonly promotion: Promotion;
}

/** The candidates of a set, from the assignment `from` on, at most `limit`, in the order of the document. */
export function candidatesIn(set: PolicySet, from: number, limit: number): readonly Candidate[] {
  const plans = new Set(set.promotions.map((rule) => rule.from));
  const found: Candidate[] = [];
  if (plans.size === 0) return found;
  for (let index = from; index < set.assignments.length && found.length < limit; index += 1) {
    const assignment = set.assignments[index];
    if (assignment === undefined || assignment.scope === null) continue;
    const { tenant, scope, plan } = assignment;
    if (plans.has(plan)) found.push({ tenant, scope, plan, index });
  }
  return found;
}

/** How `candidates` (at most `SPEND_SCOPES_MAX`) stand at `nowMs`. Throws what `spend` throws. */
export async function standingsOf(
  { promotions }: PolicySet,
  candidates: readonly Candidate[],
  spend: SpendFacts,
  nowMs: InstantMs,
): Promise<readonly Standing[]> {
  if (candidates.length === 0) return [];
  const spent = await spend.spendOf(candidates);
  return candidates.map((candidate, index): Standing => {
    const { plan, scope } = candidate;
    const facts = spendOf((spent[index] ?? []).filter(({ budget }) => isPaidByUs(scope, budget)));
    const promotion: Promotion =
      facts === undefined
        ? { plan, steps: [], nextAtMs: null }
        : promote(promotions, { plan, ...facts }, nowMs);
    return { ...candidate, facts, promotion };
  });
}

/** `document` as version `version`, with the plans that `moved` lead to. */
export function withPromotions(
  document: Json,
  moved: readonly Standing[],
  version: number,
): Readonly<Record<string, Json>> {
  const set = document as Readonly<Record<string, Json>>;
  const plans = new Map(moved.map(({ index, promotion }) => [index, promotion.plan]));
  const assignments = (set['assignments'] ?? []) as readonly Readonly<Record<string, Json>>[];
  return {
    ...set,
    version,
    assignments: assignments.map((assignment, index) => {
      const plan = plans.get(index);
      return plan === undefined ? assignment : { ...assignment, plan };
    }),
  };
}

/** Who was moved and why, in at most `lengthMax` characters; who does not fit is counted. */
export function noteOn(moved: readonly Standing[], lengthMax: number): string {
  let note = '';
  for (const [index, { tenant, scope, promotion }] of moved.entries()) {
    const because = promotion.steps.map((step) => step.because).join(' ');
    const next = `${note}${note === '' ? '' : ' '}${nameOf(scope)} of ${tenant}: ${because}`;
    const isLast = index === moved.length - 1;
    const rest = ` And ${moved.length - index} more.`;
    // Room is kept for the number of those who come after.
    if (next.length > lengthMax - (isLast ? 0 : rest.length)) return `${note}${rest}`.trim();
    note = next;
  }
  return note;
}

/** What users pay for with keys of their own is no spend with the service. */
function isPaidByUs({ kind }: Scope, budget: string): boolean {
  return kind !== 'user' || budget !== OWN_KEY_BUDGET;
}

function nameOf({ kind, name }: Scope): string {
  return `${kind} ${JSON.stringify(name)}`;
}
