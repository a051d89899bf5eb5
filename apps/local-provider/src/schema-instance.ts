/**
 * A small value that satisfies a JSON Schema, for structured outputs and tool arguments.
 *
 * Covers what OpenAI's strict mode and zod produce: types, required properties, enum, const, anyOf, local
 * `$ref`, and the bounds of strings, numbers and arrays. It does not solve `pattern` or `multipleOf`.
 */
import { invalidField } from './api-error.ts';
import { asArray, asObject, type JsonObject } from './request-fields.ts';

/** From this depth on a nullable part is null, so that recursive schemas end and stay small. */
const PREFER_NULL_DEPTH = 4;

/** A schema that is still not finished at this depth is refused. */
const DEPTH_MAX = 32;

/** Most items or characters that a schema's lower bound can ask for. */
const LENGTH_MAX = 1000;

const FORMATS: Record<string, string> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  email: 'word@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '127.0.0.1',
};

/** An instance of `schema`: only required properties, arrays as short as allowed, numbers near zero. */
export function schemaInstance(schema: unknown): unknown {
  return instance(schema, asObject(schema) ?? {}, 0);
}

function instance(schema: unknown, root: JsonObject, depth: number): unknown {
  const rule = asObject(schema);
  if (rule === null) return null;
  if (depth > DEPTH_MAX) throw invalidField('schema', `at most ${DEPTH_MAX} levels`);
  if ('const' in rule) return rule['const'];
  if (Array.isArray(rule['enum'])) return rule['enum'][0];
  if (typeof rule['$ref'] === 'string') {
    return instance(resolved(rule['$ref'], root), root, depth + 1);
  }
  const options = asArray(rule['anyOf'] ?? rule['oneOf'] ?? rule['allOf']);
  if (options.length > 0) {
    return instance(chosen(options, isNullSchema, depth), root, depth + 1);
  }
  return ofType(rule, root, depth);
}

function ofType(rule: JsonObject, root: JsonObject, depth: number): unknown {
  const listed = rule['type'];
  const type = Array.isArray(listed) ? chosen(listed, (item) => item === 'null', depth) : listed;
  switch (type) {
    case 'string':
      return text(rule);
    case 'number':
    case 'integer':
      return number(rule);
    case 'boolean':
      return false;
    case 'null':
      return null;
    case 'array':
      return Array.from({ length: bounded(rule['minItems']) }, () =>
        instance(rule['items'] ?? {}, root, depth + 1),
      );
    default:
      return object(rule, root, depth);
  }
}

function object(rule: JsonObject, root: JsonObject, depth: number): JsonObject {
  const properties = asObject(rule['properties']) ?? {};
  const required = asArray(rule['required']).map(String);
  return Object.fromEntries(
    required.map((name) => [name, instance(properties[name] ?? {}, root, depth + 1)]),
  );
}

function text(rule: JsonObject): string {
  const format = typeof rule['format'] === 'string' ? FORMATS[rule['format']] : undefined;
  if (format !== undefined) return format;
  const padded = 'word'.padEnd(bounded(rule['minLength']), 'w');
  return typeof rule['maxLength'] === 'number' ? padded.slice(0, rule['maxLength']) : padded;
}

/** The first of a few likely numbers that keeps all bounds: zero, or one next to or between them. */
function number(rule: JsonObject): number {
  const low = Math.max(
    bound(rule, 'minimum', -Infinity),
    bound(rule, 'exclusiveMinimum', -Infinity),
  );
  const high = Math.min(
    bound(rule, 'maximum', Infinity),
    bound(rule, 'exclusiveMaximum', Infinity),
  );
  const likely = [
    0,
    Math.ceil(low),
    Math.floor(low) + 1,
    Math.ceil(high) - 1,
    (low + high) / 2,
    low,
  ];
  return likely.find((value) => Number.isFinite(value) && keepsBounds(rule, value)) ?? 0;
}

function keepsBounds(rule: JsonObject, value: number): boolean {
  return (
    value >= bound(rule, 'minimum', -Infinity) &&
    value <= bound(rule, 'maximum', Infinity) &&
    value > bound(rule, 'exclusiveMinimum', -Infinity) &&
    value < bound(rule, 'exclusiveMaximum', Infinity)
  );
}

function bound(rule: JsonObject, name: string, unbounded: number): number {
  const value = rule[name];
  return typeof value === 'number' ? value : unbounded;
}

function bounded(value: unknown): number {
  return typeof value === 'number' ? Math.min(Math.max(value, 0), LENGTH_MAX) : 0;
}

function chosen<Item>(
  options: readonly Item[],
  isNull: (option: Item) => boolean,
  depth: number,
): Item | undefined {
  const nulls = depth >= PREFER_NULL_DEPTH ? options.filter(isNull) : [];
  return nulls[0] ?? options.find((option) => !isNull(option)) ?? options[0];
}

function isNullSchema(schema: unknown): boolean {
  return asObject(schema)?.['type'] === 'null';
}

/** The schema behind a local reference such as `#/$defs/node`. */
function resolved(reference: string, root: JsonObject): unknown {
  if (!reference.startsWith('#')) throw invalidField('schema', 'only references within it');
  const names = reference.split('/').slice(1);
  return names.reduce<unknown>((at, name) => asObject(at)?.[name], root);
}
