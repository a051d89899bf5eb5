/**
 * Redaction: what must not appear in a log, wherever it comes from.
 *
 * Two nets, because each has holes of its own: fields are dropped by their name, and text is searched for
 * what looks like a secret (service tokens, provider keys, bearer headers, JWTs, passwords in URLs) or is one
 * of the secrets that this process knows.
 */

const REDACTED = '[redacted]';

/** Names of fields whose value is never shown. Plain `…tokens` are counts and stay. */
const SECRET_NAME =
  /authorization|cookie|passw(or)?d|secret|credential|(api|private|own|provider)[-_]?key|^key$|token$/i;

/** Text that is a secret by its looks, and what replaces it. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\bbk_[a-z]+_[A-Za-z0-9_-]{8,}/g, REDACTED],
  [/\bsk-[A-Za-z0-9_-]{8,}/g, REDACTED],
  // Other providers' keys begin with these. Keys of no known look are kept out by never being logged.
  [/\b(?:gsk_|hf_|r8_|fw_|csk-|xai-|pplx-|nvapi-|tgp_|AIza)[A-Za-z0-9_-]{16,}/g, REDACTED],
  [/\bBearer\s+[^\s"',]+/gi, `Bearer ${REDACTED}`],
  [/\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, REDACTED],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/"]*):[^\s/"]+@/gi, `$1:${REDACTED}@`],
];

/** Deepest nesting and widest list that is logged. */
const DEPTH_MAX = 6;
const ITEMS_MAX = 50;

/** `text` without what looks like a secret, and without `secrets`. */
export function redactText(text: string, secrets: readonly string[] = []): string {
  const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
  return SECRET_TEXT.reduce((rest, [pattern, shown]) => rest.replace(pattern, shown), known);
}

/** A bounded copy of `value` as plain data, without the values of secret fields. Errors keep their stack. */
export function redactFields(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '[deep]';
  if (Array.isArray(value)) {
    return value.slice(0, ITEMS_MAX).map((item) => redactFields(item, depth + 1));
  }
  const fields = value instanceof Error ? errorFields(value) : Object.entries(value);
  return Object.fromEntries(
    fields
      .slice(0, ITEMS_MAX)
      .map(([name, field]) => [
        name,
        SECRET_NAME.test(name) ? REDACTED : redactFields(field, depth + 1),
      ]),
  );
}

/** What of an error is logged: its own fields (`code`, `field` …) beside those that are not enumerable. */
function errorFields(error: Error): readonly (readonly [string, unknown])[] {
  return [
    ['type', error.name],
    ['message', error.message],
    ['stack', error.stack],
    ...Object.entries(error).filter(([name]) => name !== 'name'),
    ...(error.cause === undefined ? [] : [['cause', error.cause] as const]),
  ];
}
