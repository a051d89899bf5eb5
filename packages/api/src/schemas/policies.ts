/** `policies.*`: the rules of an installation, and why a call is subject to them. */
import type { Json, ScopeKind, Verdict } from '@bursar/core';
import { z } from 'zod';
import { modelField, scopesField, userField } from './fields.ts';

/** Longest note with a policy set, in characters. */
export const NOTE_LENGTH_MAX = 500;

export const putPoliciesInput = z.strictObject({
  /** The policy set as people write it; see docs/budgets.md. */
  document: z.record(z.string(), z.unknown()),
  /** The version that was read and is to be replaced; 0 for the first one. */
  expectedVersion: z.int().min(0),
  /** Why, for the history. */
  note: z.string().max(NOTE_LENGTH_MAX).optional(),
});
export type PutPoliciesInput = z.input<typeof putPoliciesInput>;

/** A policy set in the history. */
export interface PolicyVersion {
  readonly version: number;
  /** The public id of the token that put it, who ran the command line, or `promotion`: then nobody did. */
  readonly putBy: string;
  readonly note: string | null;
  /** ISO 8601. */
  readonly putAt: string;
}

/** A record that does not do what it says. */
export interface PolicyProblem {
  readonly record: string;
  readonly message: string;
}

export interface PoliciesOutput {
  /** 0 until somebody has put a set. */
  readonly version: number;
  readonly document: Json;
  readonly problems: readonly PolicyProblem[];
  /** The last sets, newest first. */
  readonly history: readonly PolicyVersion[];
}

export interface PutPoliciesOutput {
  readonly version: number;
  readonly problems: readonly PolicyProblem[];
}

export const explainPoliciesInput = z.strictObject({
  user: userField.optional(),
  model: modelField.optional(),
  scopes: scopesField.optional(),
  /** ISO 8601; by default the present. */
  at: z.iso.datetime({ offset: true }).optional(),
});
export type ExplainPoliciesInput = z.input<typeof explainPoliciesInput>;

/** Most scopes on one page of promotions. */
export const PROMOTIONS_PAGE_MAX = 1_000;

export const listPromotionsInput = z.strictObject({
  /** `next` of the page before. */
  from: z.int().min(0).default(0),
  limit: z.int().min(1).max(PROMOTIONS_PAGE_MAX).default(100),
});
export type ListPromotionsInput = z.input<typeof listPromotionsInput>;

/** A scope whose plan some promotion leads on from, and how far it is. */
export interface PromotionView {
  readonly tenant: string;
  readonly scope: { readonly kind: ScopeKind; readonly name: string };
  readonly plan: string;
  /** What counts as spent: the largest sum of its budgets, over all periods. */
  readonly spentUsd: string;
  /** When its age began to count, ISO 8601; `null` while nothing was booked. */
  readonly since: string | null;
  /** The plan it is moved to within a minute; `null` if nothing is due. */
  readonly dueTo: string | null;
  /** Why, a sentence for each move. */
  readonly because: readonly string[];
  /** When the next move falls due if nothing more is spent, ISO 8601; `null` if none does. */
  readonly nextAt: string | null;
}

export interface ListPromotionsOutput {
  readonly version: number;
  readonly at: string;
  readonly promotions: readonly PromotionView[];
  /** Where the next page begins; `null` after the last one. */
  readonly next: number | null;
}

/** One budget or rate limit, and every rule that was considered for it. */
export interface PolicyExplanation {
  /** `budget user:alice/credit`. */
  readonly subject: string;
  readonly applies: boolean;
  /** What it comes to: `$20.00 each calendar month, strict`. */
  readonly outcome: string;
  /** Every rule that was considered, the strongest first. */
  readonly rules: readonly {
    /** The layer: default, plan, tenant, scope or grant. */
    readonly layer: string;
    /** The id or name of the record. */
    readonly source: string;
    readonly verdict: Verdict;
    readonly reason?: string;
    /** The same as a sentence. */
    readonly line: string;
  }[];
}

export interface ExplainPoliciesOutput {
  readonly version: number;
  readonly at: string;
  readonly explanations: readonly PolicyExplanation[];
}
