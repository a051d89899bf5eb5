/**
 * One stream of a message. Its input is reported at its beginning, its output at its end; what was said in between
 * is counted, for streams that have no end.
 */
import { anthropicUsageAfter, readAnthropicUsage, totalOutputTokens } from '@bursar/core';
import { type EventBytes, eventData, eventText } from '../http/event-stream.ts';
import { fieldOf, isObject, parseJson, stringOf } from '../http/json-fields.ts';
import { bookableModel } from '../http/model-name.ts';
import type { ModelRequest, StreamReader } from '../http/provider-api.ts';
import { NO_TEXT, type StreamedText, streamedTokens, withDelta } from '../http/text-tokens.ts';
import type { Spent } from '../call-terms.ts';

/** The fields of a delta that hold output. */
const TEXT_FIELDS = ['text', 'thinking', 'partial_json'];

export class MessageStream implements StreamReader {
  readonly #request: ModelRequest;
  #text: StreamedText = NO_TEXT;
  #report: Readonly<Record<string, unknown>> = {};
  #model: string | undefined;
  #isComplete = false;

  readonly continuesAs = undefined;

  constructor(request: ModelRequest) {
    this.#request = request;
  }

  get outputTokens(): number {
    return streamedTokens(this.#text);
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  read(event: EventBytes): EventBytes {
    const data = eventData(eventText(event));
    const parsed = data === undefined ? undefined : parseJson(data);
    if (!isObject(parsed)) return event;
    const type = stringOf(parsed['type']);
    this.#report = anthropicUsageAfter(this.#report, parsed);
    this.#model ??= bookableModel(fieldOf(parsed['message'], 'model'));
    if (type === 'content_block_delta') {
      for (const field of TEXT_FIELDS) {
        this.#text = withDelta(this.#text, stringOf(fieldOf(parsed['delta'], field)));
      }
    }
    const hasStopped = stringOf(fieldOf(parsed['delta'], 'stop_reason')) !== '';
    this.#isComplete ||= type === 'message_stop' || (type === 'message_delta' && hasStopped);
    return event;
  }

  spent(): Spent {
    const { usage, serviceTier = this.#request.serviceTier } = readAnthropicUsage(this.#report);
    const model = this.#model;
    if (usage !== undefined && this.#isComplete) {
      return { usage, basis: 'reported', model, serviceTier };
    }
    const { inputTokensExpected: inputTokens } = this.#request;
    const known = usage ?? { inputTokens };
    // What is reported at the beginning is the input, and a token or two of the output.
    const unreported = Math.max(0, this.outputTokens - totalOutputTokens(known));
    const outputTokens = (known.outputTokens ?? 0) + unreported;
    return { usage: { ...known, outputTokens }, basis: 'counted', model, serviceTier };
  }
}
