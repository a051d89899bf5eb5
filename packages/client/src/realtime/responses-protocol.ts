/** Responses over a WebSocket: requests as over HTTP, in lanes, and the events of their streams. */
import { BursarError, totalInputTokens, totalOutputTokens } from '@bursar/core';
import { fieldOf, type JsonObject, stringOf } from '../http/json-fields.ts';
import type { ModelRequest } from '../http/provider-api.ts';
import { streamedTokens } from '../http/text-tokens.ts';
import type { WorkCost } from '../metered-work.ts';
import { modelRequestOf } from '../openai/openai-request.ts';
import { usageOf } from '../openai/usage-from-answer.ts';
import {
  afterEvent,
  NOTHING_READ,
  spentIn,
  type StreamReading,
} from '../openai/usage-from-stream.ts';
import type { PlannedTurn, Protocol, SendRule, TurnEvent, TurnReading } from './protocol.ts';

/** Most earlier answers whose length is remembered. */
const ANSWERS_MAX = 1_000;

const ENDS = new Set(['response.completed', 'response.incomplete', 'response.failed']);

export class ResponsesProtocol implements Protocol {
  readonly mayAnswerUnasked = false;
  readonly failsWithError = true;
  readonly waitsForReconnecting = true;
  readonly soundBytesPerSecond = 0;
  readonly #model: string | undefined;
  /** Tokens of the conversations that end with an answer, by the answer's id: what a next turn has as its input. */
  readonly #conversations = new Map<string, number>();

  constructor(model: string | undefined) {
    this.#model = model;
  }

  ruleFor(event: JsonObject): SendRule {
    if (event['type'] !== 'response.create') {
      return { kind: 'refused', reason: 'what it adds to an answer is not known before' };
    }
    const { type: _type, stream_id: _lane, ...body } = event;
    const request = modelRequestOf('responses', JSON.stringify({ ...body, stream: true }));
    const earlier = this.#conversations.get(stringOf(event['previous_response_id'])) ?? 0;
    return { kind: 'turn', turn: this.#turnOf(request, earlier, this.laneOf(event)) };
  }

  #turnOf(request: ModelRequest, earlier: number, lane: string): PlannedTurn {
    return {
      model: this.#model ?? request.model,
      inputTokens: request.inputTokensMax + earlier,
      outputTokensMax: request.outputTokensMax,
      audio: request.audio,
      serviceTier: request.serviceTier,
      lane,
      reading: new ResponseReading({
        ...request,
        inputTokensExpected: request.inputTokensExpected + earlier,
      }),
    };
  }

  prepared(event: JsonObject): JsonObject {
    return event;
  }

  sent(): void {}

  received(event: JsonObject): void {
    if (this.turnEvent(event) !== 'ends') return;
    const response = event['response'];
    const usage = usageOf(response);
    const id = stringOf(fieldOf(response, 'id'));
    if (usage === undefined || id === '') return;
    this.#conversations.set(id, totalInputTokens(usage) + totalOutputTokens(usage));
    if (this.#conversations.size <= ANSWERS_MAX) return;
    for (const oldest of this.#conversations.keys()) {
      this.#conversations.delete(oldest);
      return;
    }
  }

  turnEvent(event: JsonObject): TurnEvent {
    const type = stringOf(event['type']);
    if (type === 'response.created') return 'begins';
    if (ENDS.has(type)) return 'ends';
    return type.startsWith('response.') ? 'goes on' : undefined;
  }

  laneOf(event: JsonObject): string {
    return stringOf(event['stream_id']);
  }

  /** A lane answers one request after the other. */
  keyOf(event: JsonObject): string {
    return this.laneOf(event);
  }

  causeOf(error: JsonObject): { readonly eventId: undefined; readonly lane: string } {
    return { eventId: undefined, lane: this.laneOf(error) };
  }

  unasked(): PlannedTurn {
    throw new BursarError('invariant_violated', { message: 'Every response is asked for.' });
  }

  cancelling(): undefined {
    return undefined;
  }

  forgetSilence(): void {}

  sideCall(): undefined {
    return undefined;
  }

  errorEvent(error: JsonObject, status: number, about: JsonObject | undefined): JsonObject {
    const lane = about?.['stream_id'];
    return {
      // In OpenAI's description the fields are here, and in its answers below `error`.
      ...error,
      type: 'error',
      error,
      status,
      sequence_number: 0,
      ...(lane === undefined ? {} : { stream_id: lane }),
    };
  }
}

class ResponseReading implements TurnReading {
  readonly #request: ModelRequest;
  #reading: StreamReading = NOTHING_READ;

  constructor(request: ModelRequest) {
    this.#request = request;
  }

  get outputTokens(): number {
    return streamedTokens(this.#reading.text);
  }

  read(event: JsonObject): void {
    this.#reading = afterEvent(this.#reading, '', event);
  }

  costAtEnd(): WorkCost {
    return this.costUnheard();
  }

  costUnheard(): WorkCost {
    const { usage, basis, model, serviceTier } = spentIn(this.#reading, this.#request);
    return {
      usage,
      basis,
      ...(model === undefined ? {} : { answeredBy: model }),
      ...(serviceTier === undefined ? {} : { serviceTier }),
    };
  }
}
