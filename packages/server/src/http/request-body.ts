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

const DECODER = new TextDecoder('utf-8', { fatal: true });

/** The body as text. Rejects with `payload_too_large` or `input_invalid`, both naming `body`. */
export function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    // A request that announces too much is not read at all.
    if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
    // Nearly every body arrives in one piece.
    let first: Buffer | undefined;
    let others: Buffer[] | undefined;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) {
        request.pause();
        reject(tooLarge());
      } else if (first === undefined) first = chunk;
      else (others ??= []).push(chunk);
    });
    request.on('end', () => {
      if (first === undefined) resolve('');
      else
        decode(others === undefined ? first : Buffer.concat([first, ...others]), resolve, reject);
    });
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Error('The request ended before its body did.'));
    });
  });
}

function decode(
  bytes: Buffer,
  resolve: (text: string) => void,
  reject: (error: BursarError) => void,
): void {
  try {
    resolve(DECODER.decode(bytes));
  } catch {
    reject(
      new BursarError('input_invalid', {
        field: 'body',
        message: 'The request body must be UTF-8.',
      }),
    );
  }
}

function tooLarge(): BursarError {
  return new BursarError('payload_too_large', {
    field: 'body',
    message: `The request body must be at most ${BODY_BYTES_MAX} bytes; send less in one request.`,
  });
}
