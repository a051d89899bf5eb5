/** A stream of images, of sound or of a transcript: what tells of usage is its last event alone. */
import { type EventBytes, eventData, eventText } from '../http/event-stream.ts';
import { fieldOf, type JsonObject, stringOf } from '../http/json-fields.ts';
import type { StreamReader } from '../http/provider-api.ts';
import type { Spent } from '../call-terms.ts';
import { parseEvent } from './usage-from-stream.ts';

/** How the events of a stream are understood. */
export interface PlainStreamRules {
  /** What an event says was spent, if it says so. */
  spentBy(event: JsonObject): Spent | undefined;
  /** What was spent when none did, after `events` events. */
  spentUnsaid(events: number): Spent;
}

export class PlainStream implements StreamReader {
  readonly #rules: PlainStreamRules;
  #reported: Spent | undefined;
  #events = 0;

  /** Nothing is set aside by what arrives. */
  readonly outputTokens = 0;
  readonly continuesAs = undefined;

  constructor(rules: PlainStreamRules) {
    this.#rules = rules;
  }

  get isComplete(): boolean {
    return this.#reported !== undefined;
  }

  read(event: EventBytes): EventBytes {
    const data = eventData(eventText(event));
    const parsed = data === undefined ? undefined : parseEvent(data);
    if (parsed === undefined) return event;
    this.#events += 1;
    if (isEnd(parsed)) this.#reported = this.#rules.spentBy(parsed) ?? this.#reported;
    return event;
  }

  spent(): Spent {
    return this.#reported ?? this.#rules.spentUnsaid(this.#events);
  }
}

/** `image_generation.completed`, `image_edit.completed`, `speech.audio.done`, `transcript.text.done`. */
function isEnd(event: JsonObject): boolean {
  return /\.(completed|done)$/.test(stringOf(fieldOf(event, 'type')));
}
