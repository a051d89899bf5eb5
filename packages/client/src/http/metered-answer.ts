/**
 * An answer in one piece: read, settled, handed on. The caller gets it when the cost is booked, so that
 * their next call is decided with it.
 */
import type { WholeAnswer } from './provider-api.ts';
import type { ProviderCall } from './provider-call.ts';
import { readAll } from './read-all.ts';
import { responseWithBody } from './response-with-body.ts';
import { expectedTextTokens } from './text-tokens.ts';

/** `response`, whose body is `body`, once it is settled. Rejects when its body does. */
export async function meteredAnswer(
  response: Response,
  body: ReadableStream<Uint8Array>,
  provided: ProviderCall,
): Promise<Response> {
  const { call, read, presence } = provided;
  const { bytes, failure } = await readAll(body, presence.providerSignal);
  if (failure === undefined) {
    await endWith({ bytes, contentType: contentTypeOf(response) }, provided);
  } else {
    // The provider had the answer ready when it began to send it; how long it was, its beginning must tell.
    const outputTokens = expectedTextTokens(bytes.length);
    const usage = { inputTokens: read.request.inputTokensExpected, outputTokens };
    await call.settle({ usage, basis: 'estimated' });
  }
  presence.forget();
  if (failure !== undefined) throw failure.error;
  return responseWithBody(response, bytes);
}

/** The type that `response` says its body is of, in lower case. */
export function contentTypeOf(response: Response): string {
  return response.headers.get('content-type')?.toLowerCase() ?? '';
}

async function endWith(answer: WholeAnswer, provided: ProviderCall): Promise<void> {
  const { call, read, background } = provided;
  const id = read.continuesAs?.(answer);
  if (id === undefined) await call.settle(read.spentBy(answer));
  else background.keep(id, { call, read });
}
