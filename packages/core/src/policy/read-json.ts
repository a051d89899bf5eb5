/**
 * Reading policies from JSON: the few kinds of values that there are in them.
 *
 * Every reader takes the field as people find it in their file, and refuses what it does not know with that
 * field, the problem and the fix. Amounts are decimal USD in texts, so that none passes through a float.
 */
import { type Amount, parseUsd } from '../amount.ts';
import { type InstantMs, instant } from '../time.ts';
import { policyInvalid } from './policy-invalid.ts';

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** `value` as an object with no other fields than `fields`. */
export function objectOf(value: unknown, field: string, fields: readonly string[]): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw policyInvalid(field, 'must be an object');
  }
  for (const name of Object.keys(value)) {
    if (!fields.includes(name)) {
      throw policyInvalid(
        `${field}.${name.slice(0, 40)}`,
        `is not known here; the fields are ${fields.join(', ')}`,
      );
    }
  }
  return value as JsonObject;
}

/** `value` as a list, each item read by `read`; an absent one is empty. */
export function listOf<Item>(
  value: unknown,
  field: string,
  read: (item: unknown, field: string) => Item,
): readonly Item[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw policyInvalid(field, 'must be a list');
  return value.map((item, index) => read(item, `${field}.${index}`));
}

/** `value` as a text. */
export function textOf(value: unknown, field: string): string {
  if (typeof value !== 'string') throw policyInvalid(field, 'must be a text');
  return value;
}

/** `value` as one of `choices`. */
export function oneOf<Choice extends string>(
  value: unknown,
  field: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw policyInvalid(field, `must be one of ${choices.join(', ')}`);
  return choice;
}

/** `value` as a number; its range is checked with the policy set. */
export function numberOf(value: unknown, field: string): number {
  if (typeof value !== 'number') throw policyInvalid(field, 'must be a number');
  return value;
}

/** `value`, decimal USD such as `"20.00"`, as an amount. Whole numbers may be written as numbers. */
export function usdOf(value: unknown, field: string): Amount {
  if (typeof value !== 'string' && !Number.isInteger(value)) {
    throw policyInvalid(field, 'must be decimal USD in a text, such as "20.00"');
  }
  return parseUsd(String(value), field);
}

const INSTANT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$/;

/** `value`, an ISO 8601 date or instant in UTC, as an instant; `null` or nothing as `null`. */
export function instantOrNull(value: unknown, field: string): InstantMs | null {
  if (value === undefined || value === null) return null;
  const atMs = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw policyInvalid(
      field,
      'must be a date such as 2026-11-01 or an instant such as 2026-11-01T00:00:00Z',
    );
  }
  return instant(atMs, field);
}
