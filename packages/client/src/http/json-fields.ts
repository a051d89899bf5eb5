/** Looking into JSON that somebody else wrote: a field that is not there, or is something else, is nothing. */

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value[name]`, if `value` is an object. */
export function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

/** `value`, if it is an array. */
export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `value`, if it is a string. */
export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const decoder = new TextDecoder();

/** `bytes` parsed, `undefined` if they are no JSON. */
export function jsonIn(bytes: Uint8Array): unknown {
  return parseJson(decoder.decode(bytes));
}

/** `text` parsed, `undefined` if it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
