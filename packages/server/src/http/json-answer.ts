/** Answering with JSON, outside tRPC. */
import type { ServerResponse } from 'node:http';

/** Answers with `body`, which is JSON; does nothing when an answer has begun. */
export function sendJson(response: ServerResponse, status: number, body: string): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
