/** Files at the provider, read with the caller's own right to read them. */
import { BursarError } from '@bursar/core';
import type { HttpRequest } from '../../http/http-request.ts';
import { AnsweredInstead } from '../../http/provider-api.ts';

/** Headers of the caller's that are about their own body. */
const OF_THE_BODY = ['content-type', 'content-length', 'idempotency-key'];
const FILE_ID = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * The content of the file `id`, by the way of `http`, which is a request about batches. Throws `AnsweredInstead` where
 * the provider does not give it, `input_invalid` for what is no id, and what `send` throws.
 */
export async function fileContent(
  http: HttpRequest,
  send: typeof fetch,
  id: string,
): Promise<ReadableStream<Uint8Array>> {
  if (!FILE_ID.test(id)) {
    throw new BursarError('input_invalid', {
      field: 'input_file_id',
      message: 'input_file_id must be the id of a file: Bursar has to read it before',
    });
  }
  const url = new URL(http.url);
  url.pathname = url.pathname.replace(/\/batches(\/.*)?$/, `/files/${id}/content`);
  url.searchParams.delete('limit');
  url.searchParams.delete('after');
  const headers = new Headers(http.headers);
  for (const name of OF_THE_BODY) headers.delete(name);
  const { signal } = http;
  const response = await send(url.href, { headers, ...(signal === undefined ? {} : { signal }) });
  if (response.ok && response.body !== null) return response.body;
  throw new AnsweredInstead(response);
}
