/**
 * Responses in the background: what they carry at the provider, and how their end is read, by the process that made
 * them and by any other.
 */
import { type EventBytes, eventData, eventText } from '../http/event-stream.ts';
import { bytesWithoutTags, type JobTag, tagged, tagOf, withoutTags } from '../http/job-tag.ts';
import {
  fieldOf,
  isObject,
  jsonIn,
  type JsonObject,
  parseJson,
  stringOf,
} from '../http/json-fields.ts';
import type { ReadRequest, StreamReader } from '../http/provider-api.ts';
import type { Spent } from '../call-terms.ts';
import type { OpenAiRequest } from './openai-request.ts';
import { OpenAiStream } from './openai-stream.ts';
import { runningResponse } from './text-request.ts';
import { spentBy, usageOf } from './usage-from-answer.ts';
import { parseEvent } from './usage-from-stream.ts';

/** What OpenAI shows where a response has no metadata. */
const NO_METADATA = '{}';

/** The text of `request` with its reservation in it. */
export function taggedText({ text }: OpenAiRequest, reservation: string): string {
  const body = parseJson(text) as JsonObject;
  return tagged(body, { reservation, isByCall: false });
}

/** What of the answer `bytes` the caller is to see. */
export function shownOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytesWithoutTags(bytes, NO_METADATA);
}

/** The stream of a response in the background, by whoever has made it or comes back to it. */
export class BackgroundStream implements StreamReader {
  readonly #stream: OpenAiStream;
  #response: JsonObject = {};

  constructor(request: OpenAiRequest) {
    this.#stream = new OpenAiStream(request);
  }

  get outputTokens(): number {
    return this.#stream.outputTokens;
  }

  get isComplete(): boolean {
    return this.#stream.isComplete;
  }

  get continuesAs(): string | undefined {
    return stringOf(this.#response['id']) || undefined;
  }

  read(event: EventBytes): EventBytes {
    const shown = this.#stream.read(event);
    const text = eventText(event);
    const response = parseEvent(eventData(text) ?? '')?.['response'];
    if (isObject(response)) this.#response = response;
    const without = withoutTags(text, NO_METADATA);
    return without === text ? shown : [new TextEncoder().encode(without)];
  }

  spent(): Spent {
    return this.#stream.spent();
  }

  /** What is known of the response. */
  get response(): JsonObject {
    return this.#response;
  }
}

/** The stream of a response that another process may have made: only its end tells what is to be settled. */
class StreamOfOthers extends BackgroundStream {
  override get continuesAs(): string | undefined {
    return undefined;
  }

  override spent(): Spent {
    return this.isComplete ? spentOnOthers(this.response) : NOTHING;
  }
}

/** Of a request that is not there to be read, nothing is known. */
const UNKNOWN_REQUEST: OpenAiRequest = {
  route: 'responses',
  model: '',
  inputTokensMax: 0,
  inputTokensExpected: 0,
  outputTokensMax: undefined,
  choices: 1,
  audio: false,
  longCache: false,
  serviceTier: undefined,
  streams: false,
  isBackground: true,
  text: '',
  hidesUsage: false,
};

/** Reads the answer about a response that another process may have made in the background. */
export const FOLLOWED_RESPONSE: ReadRequest = {
  request: UNKNOWN_REQUEST,
  spentBy: ({ bytes }) => spentOnOthers(jsonIn(bytes)),
  readStream: () => new StreamOfOthers(UNKNOWN_REQUEST),
  shown: async (bytes) => shownOf(bytes),
};

const NOTHING: Spent = { usage: {}, basis: 'reported' };

/**
 * What `response` cost, with the reservation that it names; without one where it has not ended, says nothing of usage,
 * or was not made in the background: then nothing is to be settled by it.
 */
function spentOnOthers(response: unknown): Spent {
  const tag: JobTag | undefined = tagOf(response);
  const isJob = fieldOf(response, 'background') === true && runningResponse(response) === undefined;
  if (tag === undefined || !isJob || usageOf(response) === undefined) return NOTHING;
  const { reservation } = tag;
  return { ...spentBy(response, UNKNOWN_REQUEST), reservation };
}
