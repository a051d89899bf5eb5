/**
 * An answer in one piece: read, settled, handed on. The caller gets it when the cost is booked, so that
 * their next call is decided with it.
 */
import type { WholeAnswer } from './provider-api.ts';
import type { ProviderCall } from './provider-call.ts';
import { readAll } from './read-all.ts';
import { responseWithBody } from './response-with-body.ts';
import { expectedTextTokens } from './text-tokens.ts';

/**
 * `response`, whose body is `body`, once it is settled. Where the body breaks off, so does that of the answer: an SDK
 * does not try again once an answer has begun, as it would if it were told of a broken connection.
 */
export async function meteredAnswer(
  response: Response,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  provided: ProviderCall,
): Promise<Response> {
  const { call, read, presence } = provided;
  const { bytes, failure } = await readAll(body, presence.providerSignal);
  let shown = bytes;
  if (failure === undefined) {
    shown = (await read.shown?.(bytes)) ?? bytes;
    await endWith({ bytes, contentType: contentTypeOf(response) }, provided);
  } else if (read.request.isJob !== true) {
    // The provider had the answer ready when it began to send it; how long it was, its beginning must tell.
    const outputTokens = expectedTextTokens(bytes.length);
    const usage = { inputTokens: read.request.inputTokensExpected, outputTokens };
    await call.settle({ usage, basis: 'estimated' });
  }
  presence.forget();
  return responseWithBody(response, failure === undefined ? shown : brokenBody(bytes, failure));
}

/** A body that breaks off after `bytes`. */
export function brokenBody(
  bytes: Uint8Array,
  failure: { readonly error: unknown },
): ReadableStream<Uint8Array> {
  let hasBegun = bytes.length === 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (hasBegun) return controller.error(failure.error);
        hasBegun = true;
        controller.enqueue(bytes);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The type that `response` says its body is of, in lower case. */
export function contentTypeOf(response: Response): string {
  return response.headers.get('content-type')?.toLowerCase() ?? '';
}

async function endWith(answer: WholeAnswer, provided: ProviderCall): Promise<void> {
  const { call, read, background } = provided;
  const id = read.continuesAs?.(answer);
  if (id === undefined) await call.settle(await read.spentBy(answer));
  else background.keep(id, { call, read });
}
