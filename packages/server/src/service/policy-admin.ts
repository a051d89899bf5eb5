/** Policies for people: what is in force, putting other ones in force, and why a call is subject to what. */
import type {
  BursarService,
  ExplainPoliciesOutput,
  ListPromotionsOutput,
  PoliciesOutput,
  PolicyExplanation,
  Principal,
  PromotionView,
  PutPoliciesOutput,
} from '@bursar/api';
import {
  BursarError,
  type Clock,
  explain,
  type Explanation,
  formatUsd,
  instant,
  type KnownNames,
  type Policies,
  type PriceTable,
  problemsOf,
  utf8Bytes,
  ZERO,
} from '@bursar/core';
import type { PolicyBook } from '../policies/policy-book.ts';
import { POLICIES_BYTES_MAX, type PolicyStore } from '../policies/policy-store.ts';
import { candidatesIn, type Standing, standingsOf } from '../policies/promotions-due.ts';
import { idleRecords, readPolicies } from '../policies/read-policies.ts';
import type { SpendFacts } from '../policies/spend-facts.ts';
import { isoOf } from './budget-view.ts';
import type { Charges } from './charges.ts';

/** How many sets `get` shows of the history. */
const HISTORY_SHOWN = 20;

/** What it needs. */
export interface PolicyAdminOptions {
  readonly book: PolicyBook;
  readonly store: PolicyStore;
  readonly spend: SpendFacts;
  readonly charges: Charges;
  readonly prices: PriceTable;
  readonly clock: Clock;
}

/** Shows and changes policies. */
export class PolicyAdmin {
  readonly #options: PolicyAdminOptions;

  constructor(options: PolicyAdminOptions) {
    this.#options = options;
  }

  /** What is in force, as it was put, and the last sets before it. */
  async get(): Promise<PoliciesOutput> {
    const { book, store } = this.#options;
    await book.refresh();
    const { policies, document } = book.inForce;
    const history = await store.history(HISTORY_SHOWN);
    return {
      version: policies.set.version,
      document,
      problems: this.#problemsOf(policies),
      history: history.map(({ putAtMs, ...set }) => ({ ...set, putAt: isoOf(putAtMs) })),
    };
  }

  /**
   * Checks a set and puts it in force: here at once, on every other server within a second. Throws
   * `policy_invalid` and its like, naming the field, and `policy_conflict`; then nothing has changed.
   */
  async put(
    principal: Principal,
    { document, expectedVersion, note }: Parameters<BursarService['putPolicies']>[1],
  ): Promise<PutPoliciesOutput> {
    const { book, store } = this.#options;
    const text = JSON.stringify(document);
    if (utf8Bytes(text) > POLICIES_BYTES_MAX) throw tooLarge();
    // What is read is what is kept, also of callers in this process, whose objects may be no JSON.
    const policies = within('document', () => readPolicies(JSON.parse(text)));
    const { version } = policies.set;
    await store.put(
      { version, document: text, putBy: principal.tokenId, note: note ?? null },
      expectedVersion,
    );
    await book.refresh();
    return { version, problems: this.#problemsOf(policies) };
  }

  /** Who the promotions in force are about, where that leads them and when, a page at a time; changes nothing. */
  async promotions({
    from,
    limit,
  }: Parameters<BursarService['listPromotions']>[1]): Promise<ListPromotionsOutput> {
    const { book, spend, clock } = this.#options;
    await book.refresh();
    const { set } = book.inForce.policies;
    const nowMs = clock.nowMs();
    const candidates = candidatesIn(set, from, limit);
    const standings = await standingsOf(set, candidates, spend, nowMs);
    const last = candidates.at(-1);
    return {
      version: set.version,
      at: isoOf(nowMs),
      promotions: standings.map(promotionViewOf),
      next: last === undefined || candidates.length < limit ? null : last.index + 1,
    };
  }

  /** Every rule that was considered for a caller, and which of them count. */
  async explain(
    principal: Principal,
    message: Parameters<BursarService['explainPolicies']>[1],
  ): Promise<ExplainPoliciesOutput> {
    const { book, charges, clock } = this.#options;
    await book.ready;
    const { policies } = book.inForce;
    const atMs = message.at === undefined ? clock.nowMs() : instant(Date.parse(message.at), 'at');
    const found = explain(policies, charges.callerOf(principal, message), atMs);
    return {
      version: policies.set.version,
      at: isoOf(atMs),
      explanations: found.map(explanationOf),
    };
  }

  #problemsOf(policies: Policies): PoliciesOutput['problems'] {
    const { prices, clock } = this.#options;
    const known: KnownNames = {
      model: (name) => prices.lookup(name, clock.nowMs()) !== undefined,
    };
    return [...problemsOf(policies, known), ...idleRecords(policies.set)];
  }
}

function promotionViewOf({ tenant, scope, plan, facts, promotion }: Standing): PromotionView {
  const { steps, nextAtMs } = promotion;
  return {
    tenant,
    scope,
    plan,
    spentUsd: formatUsd(facts?.spent ?? ZERO),
    since: facts === undefined ? null : isoOf(facts.sinceMs),
    dueTo: steps.length === 0 ? null : promotion.plan,
    because: steps.map(({ because }) => because),
    nextAt: nextAtMs === null ? null : isoOf(nextAtMs),
  };
}

function explanationOf({ subject, applies, outcome, why, lines }: Explanation): PolicyExplanation {
  return {
    subject,
    applies,
    outcome,
    rules: why.toReversed().map(({ layer, source, verdict, reason }, index) => ({
      layer,
      source,
      verdict,
      ...(reason === undefined ? {} : { reason }),
      line: lines[index] ?? '',
    })),
  };
}

/** What `work` gives; what it throws names the field below `field`. */
function within<Result>(field: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BursarError)) throw error;
    const { code, message } = error;
    throw new BursarError(code, {
      field: error.field === undefined ? field : `${field}.${error.field}`,
      message,
      cause: error,
    });
  }
}

function tooLarge(): BursarError {
  return new BursarError('payload_too_large', {
    field: 'document',
    message: `document must be at most ${POLICIES_BYTES_MAX} bytes of JSON`,
  });
}
