/**
 * Reading a request's body, up to a limit and never further.
 *
 * The whole body is read before anything looks at it: it is small, and what is too large or no UTF-8 must
 * be refused before a part of it was understood.
 */
import type { IncomingMessage } from 'node:http';
import { BursarError } from '@bursar/core';

/** Largest body, in bytes: 64 kB. */
export const BODY_BYTES_MAX = 65_536;

/** The body as text. Throws `payload_too_large` or `input_invalid`, both naming `body`. */
export async function readBody(request: IncomingMessage): Promise<string> {
  // A request that announces too much is not read at all.
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BursarError('input_invalid', {
      field: 'body',
      message: 'The request body must be UTF-8.',
    });
  }
}

function tooLarge(): BursarError {
  return new BursarError('payload_too_large', {
    field: 'body',
    message: `The request body must be at most ${BODY_BYTES_MAX} bytes; send less in one request.`,
  });
}
