/** One stream of a text route, read event by event. */
import { type EventBytes, eventData, eventText } from '../http/event-stream.ts';
import type { StreamReader } from '../http/provider-api.ts';
import { streamedTokens } from '../http/text-tokens.ts';
import type { Spent } from '../call-terms.ts';
import { withoutUsage } from './hidden-usage.ts';
import type { OpenAiRequest } from './openai-request.ts';
import {
  afterEvent,
  NOTHING_READ,
  parseEvent,
  spentIn,
  type StreamReading,
} from './usage-from-stream.ts';

export class OpenAiStream implements StreamReader {
  readonly #request: OpenAiRequest;
  #reading: StreamReading = NOTHING_READ;

  constructor(request: OpenAiRequest) {
    this.#request = request;
  }

  get outputTokens(): number {
    return streamedTokens(this.#reading.text);
  }

  get isComplete(): boolean {
    return this.#reading.isComplete;
  }

  readonly continuesAs: string | undefined = undefined;

  read(event: EventBytes): EventBytes {
    const data = eventData(eventText(event));
    if (data === undefined) return event;
    const parsed = parseEvent(data);
    this.#reading = afterEvent(this.#reading, data, parsed);
    if (parsed === undefined) return event;
    return this.#request.hidesUsage ? withoutUsage(event, parsed) : event;
  }

  spent(): Spent {
    return spentIn(this.#reading, this.#request);
  }
}
