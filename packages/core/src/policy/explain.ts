/**
 * Explanations: for people who ask why a call is subject to a limit, or why it is not.
 *
 * Says nothing that `resolve` does not decide; shows also what was removed and what has no effect.
 */
import { formatUsd } from '../amount.ts';
import type { InstantMs } from '../time.ts';
import { describeTerms } from './budget-rule.ts';
import { type Caller, scopesOf } from './caller.ts';
import type { Considered, Layer, Verdict } from './layers.ts';
import type { Policies } from './policies.ts';
import type { AnyLimiterPolicy, RateTerms } from './rate-rule.ts';
import { resolve, type Resolution } from './resolve.ts';
import { describeMatch } from './scope-match.ts';
import { type BudgetSlot, type Slot, slotsOf } from './slots.ts';

/** One budget or rate limit that some record is about. */
export interface Explanation {
  /** `budget user:alice/credit`, `rate key:k1/requests (authenticated)`. */
  readonly subject: string;
  /** Whether the call is subject to it. */
  readonly applies: boolean;
  /** What it comes to: `$20.00 each calendar month, strict, and $5.00 granted`. */
  readonly outcome: string;
  readonly why: readonly Considered[];
  /** `why` in words, the strongest first. */
  readonly lines: readonly string[];
}

/** Everything that any record says about a call of `caller` at `nowMs`, by subject. Throws like `resolve`. */
export function explain<L extends AnyLimiterPolicy>(
  policies: Policies<L>,
  caller: Caller,
  nowMs: InstantMs,
): readonly Explanation[] {
  const resolution = resolve(policies, caller, nowMs);
  const explanations: Explanation[] = [];
  for (const scope of scopesOf(caller)) {
    const { budgets, rates } = slotsOf(policies, caller.tenant, scope, nowMs);
    for (const slot of budgets) explanations.push(explainBudget(slot, resolution));
    for (const slot of rates) explanations.push(explainRate(slot, caller));
  }
  return explanations.toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
}

function explainBudget(slot: BudgetSlot, { budgets }: Resolution): Explanation {
  const { scope, key } = slot;
  const budget = budgets.find((each) => each.name === key && isSame(each.scope, scope));
  const granted =
    budget === undefined || budget.granted === 0
      ? ''
      : `, and $${formatUsd(budget.granted)} granted`;
  const why = budget?.why ?? [...slot.considered, ...slot.grants.map(withoutBudget)];
  return {
    subject: `budget ${describeMatch(scope)}/${key}`,
    applies: budget !== undefined,
    outcome: budget === undefined ? 'no such budget' : `${describeTerms(budget.terms)}${granted}`,
    why,
    lines: linesOf(why),
  };
}

function withoutBudget({ grant, named }: BudgetSlot['grants'][number]): Considered {
  const reason = 'there is no budget for it to add to';
  return { layer: 'grant', source: grant.id, named, verdict: 'idle', reason };
}

function explainRate(slot: Slot<RateTerms>, caller: Caller): Explanation {
  const { scope, key, terms, considered } = slot;
  const colon = key.indexOf(':');
  const principal = key.slice(0, colon);
  const applies = terms !== undefined && principal === caller.class;
  return {
    subject: `rate ${describeMatch(scope)}/${key.slice(colon + 1)} (${principal})`,
    applies,
    outcome:
      terms === undefined
        ? 'no such rate limit'
        : `${terms.counts} by ${terms.limiter.algorithm}${applies ? '' : `; not for ${caller.class} callers`}`,
    why: considered,
    lines: linesOf(considered),
  };
}

function linesOf(why: readonly Considered[]): string[] {
  return why.toReversed().map((record) => {
    const { verdict, reason } = record;
    return `${nameOf(record)} ${VERDICTS[verdict]}${reason === undefined ? '' : `: ${reason}`}`;
  });
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  won: 'counts',
  altered: 'changes part of it',
  added: 'adds credit',
  lost: 'gives way',
  removed: 'takes it away',
  idle: 'has no effect',
};

const LAYERS: Readonly<Record<Layer, string>> = {
  default: 'the default',
  plan: 'the plan',
  tenant: 'the override of the tenant',
  scope: 'the override of the scope',
  grant: 'the grant',
};

function nameOf({ layer, source, named }: Considered): string {
  const name = layer === 'default' ? '' : ` "${source}"`;
  return `${LAYERS[layer]}${name}${named && layer !== 'scope' ? ' for this scope by its name' : ''}`;
}

function isSame(a: Slot<unknown>['scope'], b: Slot<unknown>['scope']): boolean {
  return a.kind === b.kind && a.name === b.name;
}
