/** A request to the Messages API, and what its answer says it used. */
import { readAnthropicUsage } from '@bursar/core';
import { bodyText, type HttpRequest } from '../http/http-request.ts';
import { inputSizeOf } from '../http/input-size.ts';
import { jsonBody, modelNamed } from '../http/json-body.ts';
import { arrayOf, fieldOf, jsonIn, type JsonObject, stringOf } from '../http/json-fields.ts';
import { bookableModel } from '../http/model-name.ts';
import type { ModelRequest, ReadRequest } from '../http/provider-api.ts';
import { expectedTextTokens } from '../http/text-tokens.ts';
import type { Spent } from '../call-terms.ts';
import { ANTHROPIC_INPUT } from './anthropic-input.ts';
import { MessageStream } from './message-stream.ts';

/** The message request in `http`. Throws `input_invalid` for what cannot be priced. */
export async function readMessage(http: HttpRequest): Promise<ReadRequest> {
  const text = await bodyText(http);
  return readOf(text, jsonBody(text));
}

function readOf(text: string, body: JsonObject): ReadRequest {
  const model = modelNamed(body);
  const size = inputSizeOf(text, body, { model, rules: ANTHROPIC_INPUT });
  const cap = body['max_tokens'];
  const request: ModelRequest = {
    model,
    inputTokensMax: size.upperBound,
    inputTokensExpected: size.expected,
    // Without a cap the provider refuses the request.
    outputTokensMax: Number.isSafeInteger(cap) && (cap as number) >= 0 ? (cap as number) : 0,
    choices: 1,
    audio: false,
    longCache: text.includes(LONG_CACHE),
    // Capacity that was paid for in advance counts as standard; fast mode has a price of its own.
    serviceTier: body['speed'] === 'fast' ? 'priority' : undefined,
    streams: body['stream'] === true,
    text,
  };
  return {
    request,
    spentBy: ({ bytes }) => spentBy(jsonIn(bytes), request),
    readStream: () => new MessageStream(request),
    clamping: {
      leastOutput: (eachMin) => Math.max(eachMin, thinkingTokens(body) + 1),
      withOutputCap: (outputTokensMax) => {
        const capped = { ...body, max_tokens: outputTokensMax };
        return readOf(JSON.stringify(capped), capped);
      },
    },
  };
}

/** The lifetime that may stand in several places of a request; in a prompt it only makes the call look dearer. */
const LONG_CACHE = '"1h"';

/** The cap has to be larger than what may be thought within it. */
function thinkingTokens(body: JsonObject): number {
  const budget = fieldOf(body['thinking'], 'budget_tokens');
  return Number.isSafeInteger(budget) ? (budget as number) : 0;
}

/** What the whole `message` cost. */
function spentBy(message: unknown, request: ModelRequest): Spent {
  const model = bookableModel(fieldOf(message, 'model'));
  const { usage, serviceTier = request.serviceTier } = readAnthropicUsage(
    fieldOf(message, 'usage'),
  );
  if (usage !== undefined) return { usage, basis: 'reported', model, serviceTier };
  const said = arrayOf(fieldOf(message, 'content')).map(
    (block) =>
      stringOf(fieldOf(block, 'text')) +
      stringOf(fieldOf(block, 'thinking')) +
      (JSON.stringify(fieldOf(block, 'input')) ?? ''),
  );
  const outputTokens = expectedTextTokens(new TextEncoder().encode(said.join('')).length);
  return {
    usage: { inputTokens: request.inputTokensExpected, outputTokens },
    basis: 'counted',
    model,
    serviceTier,
  };
}
