/** Reads a request's body, up to a bound. */
import type { IncomingMessage } from 'node:http';

/** Largest accepted body. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;

/** The body; or that it was too large, or that the client left before its end. */
export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'unfinished' };

/**
 * Reads to the end. What is beyond the bound is read and thrown away, because answering while the client
 * still writes would reset the connection and lose it the answer.
 */
export function readBody(request: IncomingMessage): Promise<Body> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
      else chunks = [];
    });
    request.on('end', () => {
      if (bytes > BODY_BYTES_MAX) resolve({ kind: 'too_large' });
      else resolve({ kind: 'whole', bytes: joined(chunks) });
    });
    request.on('error', () => resolve({ kind: 'unfinished' }));
    request.on('close', () => resolve({ kind: 'unfinished' }));
  });
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
}
