/** `policies.*`: the rules of an installation, and why a call is subject to them. */
import type { Json, Verdict } from '@bursar/core';
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
  /** The public id of the token that put it, or who ran the command line. */
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
