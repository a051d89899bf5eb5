/** A response with another body: everything else as the provider sent it, the address included. */
export function responseWithBody(
  response: Response,
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
): Response {
  const { status, statusText, headers, url } = response;
  const copy = new Response(body, { status, statusText, headers });
  // A constructed response has no address, and SDKs show it in their errors and logs.
  Object.defineProperty(copy, 'url', { value: url, enumerable: true });
  return copy;
}
