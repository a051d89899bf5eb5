/**
 * An answer in one piece: read, settled, handed on. The caller gets it when the cost is booked, so that
 * their next call is decided with it.
 */
import { parseJson } from './json-fields.ts';
import type { ProviderCall } from './provider-call.ts';
import { readAll } from './read-all.ts';
import { responseWithBody } from './response-with-body.ts';
import { expectedTextTokens } from './text-tokens.ts';
import { spentBy } from './usage-from-answer.ts';

/** `response`, whose body is `body`, once it is settled. Rejects when its body does. */
export async function meteredAnswer(
  response: Response,
  body: ReadableStream<Uint8Array>,
  { call, request, presence }: ProviderCall,
): Promise<Response> {
  const { bytes, failure } = await readAll(body, presence.providerSignal);
  if (failure === undefined) {
    await call.settle(spentBy(parseJson(new TextDecoder().decode(bytes)), request));
  } else {
    // The provider had the answer ready when it began to send it; how long it was, its beginning must tell.
    const outputTokens = expectedTextTokens(bytes.length);
    const usage = { inputTokens: request.inputTokensExpected, outputTokens };
    await call.settle({ usage, basis: 'estimated' });
  }
  presence.forget();
  if (failure !== undefined) throw failure.error;
  return responseWithBody(response, bytes);
}
