/** The key of a request, and whether it may be answered. */
import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';

/** Throws 401 for a request without a key, or with another one than `apiKey`, if that is not null. */
export function checkKey(request: IncomingMessage, apiKey: string | null): void {
  const presented = keyIn(request);
  if (presented !== undefined && (apiKey === null || presented === apiKey)) return;
  const message =
    presented === undefined ? "You didn't provide an API key." : 'Incorrect API key provided.';
  throw new ApiError(message, { status: 401, code: 'invalid_api_key' });
}

/** The key of a request; nothing without one. */
export function keyIn({ headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  // Where headers cannot be set, browsers say it among the protocols of a WebSocket.
  const protocols = headers['sec-websocket-protocol'] ?? '';
  const spoken = /openai-insecure-api-key\.([^\s,]+)/.exec(protocols)?.[1];
  // Anthropic's header, and Azure's.
  const key = headers['x-api-key'] ?? headers['api-key'];
  return bearer ?? spoken ?? (typeof key === 'string' && key !== '' ? key : undefined);
}
