/**
 * An answer in one piece: read, settled, handed on. The caller gets it when the cost is booked, so that
 * their next call is decided with it.
 */
import type { Spent } from '../metered-call.ts';
import type { AnsweredCall } from './metered-stream.ts';
import type { ModelRequest } from './openai-request.ts';
import { responseWithBody } from './response-with-body.ts';
import { expectedTextTokens } from './text-tokens.ts';
import { modelOf, usageOfResponse } from './usage-from-stream.ts';

/** `response`, whose body is JSON, once it is settled. Rejects when its body does. */
export async function meteredAnswer(
  response: Response,
  body: ReadableStream<Uint8Array>,
  { call, request, presence }: AnsweredCall,
): Promise<Response> {
  const { bytes, failure } = await readAll(body, presence.providerSignal);
  await call.settle(spentBy(bytes, request, failure !== undefined));
  presence.forget();
  if (failure !== undefined) throw failure.error;
  return responseWithBody(response, bytes);
}

/** What the answer says it used, or a guess by its length: a part of an answer was written in full. */
function spentBy(bytes: Uint8Array, request: ModelRequest, isPart: boolean): Spent {
  const answer = isPart ? undefined : parsed(bytes);
  const usage = usageOfResponse(answer);
  const model = modelOf(answer);
  if (usage !== undefined) return { usage, basis: 'reported', model };
  const outputTokens = request.outputTokensMax === 0 ? 0 : expectedTextTokens(bytes.length);
  return {
    usage: { inputTokens: request.inputTokensExpected, outputTokens },
    basis: isPart ? 'estimated' : 'counted',
    model,
  };
}
