/**
 * Undoing in a chat stream what asking for usage did to it: a caller who did not ask sees, byte for byte, the stream
 * that they would have seen. The last chunk, whose `choices` are empty, is the one that breaks programs.
 *
 * Bytes are left out and never copied: what the caller sees are views of what the provider sent.
 */
import type { EventBytes } from '../http/event-stream.ts';
import { isUsageChunk } from './usage-from-stream.ts';

/** Inside a JSON string its quotes would be escaped, so that this is the field; but it may be nested. */
const NO_USAGE = new TextEncoder().encode(',"usage":null');

const NOTHING: EventBytes = [];

/** What to pass on of an event, whose data is `chunk`. */
export function withoutUsage(
  event: EventBytes,
  chunk: Readonly<Record<string, unknown>>,
): EventBytes {
  if (isUsageChunk(chunk)) return NOTHING;
  if (chunk['usage'] !== null) return event;
  const [start, another] = startsOfNoUsage(event);
  return start === undefined || another !== undefined
    ? event
    : without(event, start, start + NO_USAGE.length);
}

/** Where in the bytes of `event` the field is, each time. Its first byte is nowhere else in it, which makes this simple. */
function startsOfNoUsage(event: EventBytes): readonly number[] {
  const starts: number[] = [];
  let position = 0;
  let matched = 0;
  for (const piece of event) {
    for (const byte of piece) {
      if (byte === NO_USAGE[matched]) matched += 1;
      else matched = byte === NO_USAGE[0] ? 1 : 0;
      position += 1;
      if (matched < NO_USAGE.length) continue;
      starts.push(position - matched);
      matched = 0;
    }
  }
  return starts;
}

/** `event` without its bytes from `start` to before `end`. */
function without(event: EventBytes, start: number, end: number): EventBytes {
  let offset = 0;
  return event
    .flatMap((piece) => {
      const before = piece.subarray(0, Math.max(0, start - offset));
      const after = piece.subarray(Math.max(0, end - offset));
      offset += piece.length;
      return [before, after];
    })
    .filter((piece) => piece.length > 0);
}
