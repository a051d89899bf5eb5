/** `limits.get`, `limits.set`: what a user may spend in a month. */
import { z } from 'zod';
import { usdField, userField } from './fields.ts';

export const getLimitInput = z.strictObject({ user: userField });
export type GetLimitInput = z.input<typeof getLimitInput>;

export const setLimitInput = z.strictObject({
  user: userField,
  /** `"0"` forbids all paid calls; `null` lifts the limit. */
  limitUsd: usdField.nullable(),
});
export type SetLimitInput = z.input<typeof setLimitInput>;

export interface LimitOutput {
  readonly user: string;
  /** `null`: no limit. */
  readonly limitUsd: string | null;
  /** Whether the limit is the user's own or the server's default. */
  readonly source: 'own' | 'default';
  readonly period: { readonly every: 'month'; readonly zone: 'UTC' };
}
