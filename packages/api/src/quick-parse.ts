/**
 * Reading messages that are as they should be: the same result as zod's, with a fraction of its work.
 *
 * zod makes two objects for every field that a message may have; a message may have thirty, and has six. So it is read
 * here first, field by field as its schema says, with zod for single values alone. At the first thing that is not
 * plainly good nothing more is done here, and zod reads the message as a whole: it alone says what is wrong with it.
 */
import type { z } from 'zod';

/** It takes zod to say. */
export const UNSURE: unique symbol = Symbol('unsure');

/** Reads a value: as zod would, or not at all. */
type Reader = (value: unknown) => unknown;

/** One field of an object. */
interface Field {
  readonly name: string;
  readonly read: Reader;
  /** What it is when it is left out; `UNSURE` when it must not be. */
  readonly absent: unknown;
}

const CONTEXT: z.core.ParseContextInternal = { async: false };

/** A reader for `schema`: what it returns is what `schema.parse` would, or `UNSURE`. */
export function quickReader<Schema extends z.ZodType>(
  schema: Schema,
): (value: unknown) => z.output<Schema> | typeof UNSURE {
  return readerOf(schema) as (value: unknown) => z.output<Schema> | typeof UNSURE;
}

function readerOf(schema: z.core.$ZodType): Reader {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const { checks = [] } = def;
  // Unknown fields are errors, and nothing is checked under conditions: so are all our messages.
  const isPlain =
    def.type === 'object' &&
    def.catchall?._zod.def.type === 'never' &&
    checks.every((check) => check._zod.def.when === undefined);
  if (!isPlain) return byZod(schema);
  const fields = Object.entries(def.shape).map(([name, field]) => fieldOf(name, field));
  return (value) => {
    const read = readFields(fields, value);
    if (read === UNSURE || checks.length === 0) return read;
    const payload = { value: read as never, issues: [] };
    for (const check of checks) {
      if (check._zod.check(payload) !== undefined || payload.issues.length > 0) return UNSURE;
    }
    return payload.value;
  };
}

function fieldOf(name: string, schema: z.core.$ZodType): Field {
  const { def, optin } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional' && optin === 'optional') {
    return { name, read: readerOf(def.innerType), absent: undefined };
  }
  if (def.type === 'default' && typeof def.defaultValue !== 'object') {
    return { name, read: readerOf(def.innerType), absent: def.defaultValue };
  }
  return { name, read: readerOf(schema), absent: UNSURE };
}

/** The fields in their own order, as zod has them, whatever that of `value`. */
function readFields(fields: readonly Field[], value: unknown): unknown {
  if (!isPlainObject(value)) return UNSURE;
  const found: Record<string, unknown> = {};
  let known = 0;
  for (const { name, read, absent } of fields) {
    const given = value[name];
    if (given === undefined) {
      if (absent === UNSURE) return UNSURE;
      if (absent !== undefined) found[name] = absent;
      continue;
    }
    const good = read(given);
    if (good === UNSURE) return UNSURE;
    found[name] = good;
    known += 1;
  }
  // What is left is unknown, or there and `undefined`.
  return countOf(value) === known ? found : UNSURE;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

function countOf(value: Readonly<Record<string, unknown>>): number {
  let count = 0;
  for (const _ in value) count += 1;
  return count;
}

function byZod(schema: z.core.$ZodType): Reader {
  return (value) => {
    const result = schema._zod.run({ value, issues: [] }, CONTEXT);
    return result instanceof Promise || result.issues.length > 0 ? UNSURE : result.value;
  };
}
