/**
 * Reading the fields of a request body, with OpenAI's refusals for what is missing or of the wrong kind.
 * Fields that the provider does not use are ignored, as a fake of a growing API must.
 */
import { invalidField } from './api-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** `value` when it is a JSON object (not an array, not null), else null. */
export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : null;
}

/** `value` when it is an array, else an empty one. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A whole number from `min` to `max`, both inclusive, or null when the field is absent or null. */
export function optionalInteger(
  body: JsonObject,
  field: string,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): number | null {
  const value = body[field] ?? null;
  if (value === null) return null;
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw invalidField(field, `a whole number from ${min} to ${max}`);
  }
  return value as number;
}

/**
 * The tier that serves the request: the one asked for when it is a paid choice, otherwise `default`
 * (`auto` never upgrades here).
 */
export function servedTier(body: JsonObject): string {
  const asked = body['service_tier'];
  return asked === 'flex' || asked === 'priority' ? asked : 'default';
}
