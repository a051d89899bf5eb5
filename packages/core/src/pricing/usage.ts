/**
 * Usage: how many units of each class one call used.
 *
 * Classes are disjoint, so that usages can be added and nothing is charged twice. This module checks and
 * adds; it does not read what providers send (`openai-usage.ts`) and does not price (`cost.ts`).
 */
import { BursarError } from '../errors.ts';
import { isUsageClass, USAGE_CLASS_NAMES, USAGE_CLASSES, type UsageClass } from './usage-class.ts';

/** Units by class: non-negative integers up to `UNITS_MAX`; absent means none. */
export type Usage = { readonly [K in UsageClass]?: number };

/** Most units of one class in one call; a hundred times what the largest batch of today can be. */
export const UNITS_MAX = 10_000_000_000;

/** `value` as usage, without its zeros. Throws `input_invalid`, naming `usage.<field>`. */
export function checkUsage(value: unknown, field = 'usage'): Usage {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BursarError('input_invalid', {
      field,
      message: `${field} must be an object with token counts such as inputTokens and outputTokens`,
    });
  }
  const usage: { [K in UsageClass]?: number } = {};
  for (const [name, units] of Object.entries(value) as [string, unknown][]) {
    if (!isUsageClass(name)) {
      const path = `${field}.${name.slice(0, 40)}`;
      throw new BursarError('input_invalid', {
        field: path,
        message: `${path} is not a class of usage; the classes are ${USAGE_CLASS_NAMES.join(', ')}`,
      });
    }
    if (units === undefined) continue;
    // The name of the field is only put together for an error: this is done for every call there is.
    const checked = isUnits(units) ? units : checkUnits(units, `${field}.${name}`);
    if (checked > 0) usage[name] = checked;
  }
  return usage;
}

/** `value` as a number of units. Throws `input_invalid`, naming `field`, outside 0 … `UNITS_MAX`. */
export function checkUnits(value: unknown, field: string): number {
  if (isUnits(value)) return value;
  throw new BursarError('input_invalid', {
    field,
    message: `${field} must be a whole number from 0 to ${UNITS_MAX}`,
  });
}

function isUnits(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= UNITS_MAX;
}

/** `a` and `b` together. Throws `input_invalid` when a class passes `UNITS_MAX`. */
export function addUsage(a: Usage, b: Usage): Usage {
  const sum: { [K in UsageClass]?: number } = {};
  for (const name of USAGE_CLASS_NAMES) {
    const units = (a[name] ?? 0) + (b[name] ?? 0);
    if (units > 0) sum[name] = units;
  }
  return checkUsage(sum);
}

const INPUT_CLASSES = USAGE_CLASS_NAMES.filter((name) => USAGE_CLASSES[name].side === 'input');
const OUTPUT_CLASSES = USAGE_CLASS_NAMES.filter((name) => USAGE_CLASSES[name].side === 'output');

/** Input tokens of all classes together: what context tiers look at. */
export function totalInputTokens(usage: Usage): number {
  return totalOf(usage, INPUT_CLASSES);
}

/** Output tokens of all classes together: what an output limit counts. */
export function totalOutputTokens(usage: Usage): number {
  return totalOf(usage, OUTPUT_CLASSES);
}

function totalOf(usage: Usage, names: readonly UsageClass[]): number {
  let total = 0;
  for (const name of names) total += usage[name] ?? 0;
  return total;
}
