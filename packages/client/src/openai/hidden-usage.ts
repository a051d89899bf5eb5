/**
 * Undoing in a chat stream what asking for usage did to it: a caller who did not ask sees the stream that
 * they would have seen. The last chunk, whose `choices` are empty, is the one that breaks programs.
 */
import { isUsageChunk } from './usage-from-stream.ts';

const encoder = new TextEncoder();
const NO_USAGE = ',"usage":null';

/** What to pass on of an event, `undefined` for nothing. `text` is the event, `chunk` its parsed data. */
export function withoutUsage(
  event: Uint8Array,
  text: string,
  chunk: Readonly<Record<string, unknown>>,
): Uint8Array | undefined {
  if (isUsageChunk(chunk)) return undefined;
  if (chunk['usage'] !== null) return event;
  // Inside a JSON string the quotes would be escaped, so that this is the field; but it may be nested.
  const at = text.indexOf(NO_USAGE);
  if (at < 0 || text.includes(NO_USAGE, at + 1)) return event;
  return encoder.encode(text.slice(0, at) + text.slice(at + NO_USAGE.length));
}
