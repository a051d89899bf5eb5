/**
 * Server-sent events, cut out of a byte stream without changing or copying a byte.
 *
 * Splits at empty lines and nothing more; an event's bytes can be passed on as they came: they are views of the chunks
 * that were pushed. Line ends may be
 * LF, CR or CRLF, and a chunk may end anywhere, also within a character. Source: WHATWG HTML, "Server-sent
 * events", https://html.spec.whatwg.org/multipage/server-sent-events.html, read 2026-11-23.
 */

/** Longest event, in bytes; a longer one comes out in pieces, which nobody can read and nobody drops. */
export const EVENT_BYTES_MAX = 16 * 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/** The bytes of an event in the pieces in which they came: views of the stream's own chunks. */
export type EventBytes = readonly Uint8Array[];

/** Cuts a stream into events. */
export class EventSplitter {
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #lineIsEmpty = true;
  #lastWasCr = false;

  /** The events that end within `chunk`, each with the empty line that ends it. */
  push(chunk: Uint8Array): EventBytes[] {
    const events: EventBytes[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      const isSecondHalf = byte === LF && this.#lastWasCr;
      this.#lastWasCr = byte === CR;
      // The LF of a CRLF belongs to the line end before it, wherever the event was cut.
      if (isSecondHalf) continue;
      if (byte !== LF && byte !== CR) {
        this.#lineIsEmpty = false;
        continue;
      }
      if (this.#lineIsEmpty) {
        const end = byte === CR && chunk[at + 1] === LF ? at + 2 : at + 1;
        events.push([...this.rest(), chunk.subarray(start, end)]);
        start = end;
      }
      this.#lineIsEmpty = true;
    }
    this.#keep(chunk.subarray(start));
    if (this.#restBytes > EVENT_BYTES_MAX) events.push(...this.rest().map((piece) => [piece]));
    return events;
  }

  /** What came after the last whole event. */
  rest(): EventBytes {
    const rest = this.#rest;
    this.#rest = [];
    this.#restBytes = 0;
    return rest;
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
  }
}

const decoder = new TextDecoder();

/** An event's bytes as text. */
export function eventText(event: EventBytes): string {
  const [only] = event;
  if (only !== undefined && event.length === 1) return decoder.decode(only);
  // A character may be cut in two.
  const pieces = new TextDecoder();
  const texts = event.map((piece) => pieces.decode(piece, { stream: true }));
  return texts.join('') + pieces.decode();
}

/** The data of an event, its lines joined; `undefined` for comments and events without data. */
export function eventData(text: string): string | undefined {
  const lines: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) lines.push(line.slice(line[5] === ' ' ? 6 : 5));
  }
  return lines.length === 0 ? undefined : lines.join('\n');
}
