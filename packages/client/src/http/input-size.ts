/**
 * How large the input of a request is: a bound to reserve by, and a guess for when nobody reports it.
 *
 * The bound is the JSON body's length, which is strict for text (see core's `textTokensUpperBound`), with
 * every image, sound and file in it counted by a constant instead of by its base64. It knows nothing of what
 * the body only refers to: stored prompts, earlier responses, conversations. Such a call may cost more than
 * was set aside, which is booked as overage.
 */
import { textTokensUpperBound, utf8Bytes } from '@bursar/core';
import type { JsonObject } from './json-fields.ts';
import { expectedTextTokens } from './text-tokens.ts';

/** Input tokens of a request. */
export interface InputSize {
  readonly upperBound: number;
  readonly expected: number;
  readonly hasAudio: boolean;
}

/** A part of a message that is no text. */
export interface Medium {
  /** Upper bound. */
  readonly tokens: number;
  /** The field that it is in. */
  readonly field: string;
  /** UTF-8 bytes of that field, at least: base64 and addresses are ASCII. */
  readonly bytes: number;
}

/** Where a provider's requests have what the model reads. */
export interface InputRules {
  /** Fields of a request that hold text and media for the model. */
  readonly contentFields: readonly string[];
  /** Fields that the model is shown as they are. */
  readonly schemaFields: readonly string[];
  /** What `part` is, if it is no text, to `model`. */
  mediumOf(part: JsonObject, model: string): Medium | undefined;
}

/** Parts of messages whose text the model does not read. */
const UNREAD = new Set([
  'id',
  'type',
  'role',
  'status',
  'call_id',
  'tool_call_id',
  'encrypted_content',
  'tool_use_id',
  'signature',
]);
/** What of a medium's bound is expected. */
const EXPECTED_SHARE = 1 / 4;
/** Text may be given as token numbers: as many bytes as make each number one expected token. */
const BYTES_OF_A_NUMBER = 4;

/** The size of the request whose body is `text`, parsed `body`, for `model`. */
export function inputSizeOf(
  text: string,
  body: JsonObject,
  { model, rules }: { readonly model: string; readonly rules: InputRules },
): InputSize {
  const content = contentSize(
    rules.contentFields.map((name) => body[name]),
    (part) => rules.mediumOf(part, model),
  );
  const schemas = rules.schemaFields
    .map((name) => body[name])
    .filter((value) => value !== undefined);
  const schemaBytes = schemas.length > 0 ? utf8Bytes(JSON.stringify(schemas)) : 0;
  const shownBytes = Math.max(0, utf8Bytes(text) - content.mediaBytes);
  return {
    upperBound: textTokensUpperBound(shownBytes) + content.mediaTokens,
    expected:
      expectedTextTokens(content.textBytes + schemaBytes) +
      Math.ceil(content.mediaTokens * EXPECTED_SHARE),
    hasAudio: content.hasAudio,
  };
}

interface ContentSize {
  readonly textBytes: number;
  /** Length of what is counted by tokens instead. */
  readonly mediaBytes: number;
  readonly mediaTokens: number;
  readonly hasAudio: boolean;
}

function contentSize(
  content: unknown[],
  mediumOf: (part: JsonObject) => Medium | undefined,
): ContentSize {
  let textBytes = 0;
  let mediaBytes = 0;
  let mediaTokens = 0;
  let hasAudio = false;
  // No recursion: a body may be nested as deeply as its sender likes.
  const open = content;
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') {
      textBytes += utf8Bytes(value);
    } else if (typeof value === 'number') {
      textBytes += BYTES_OF_A_NUMBER;
    } else if (Array.isArray(value)) {
      // One by one: an array may be longer than a call can have arguments.
      for (const item of value) open.push(item);
    } else if (typeof value === 'object' && value !== null) {
      const medium = mediumOf(value as JsonObject);
      mediaBytes += medium?.bytes ?? 0;
      mediaTokens += medium?.tokens ?? 0;
      hasAudio ||= medium?.field === 'input_audio';
      for (const [name, field] of Object.entries(value)) {
        if (!UNREAD.has(name) && name !== medium?.field) open.push(field);
      }
    }
  }
  return { textBytes, mediaBytes, mediaTokens, hasAudio };
}
