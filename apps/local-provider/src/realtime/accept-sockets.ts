/** WebSockets of the provider: which address speaks what, and who may. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ApiError, scriptedError } from '../api-error.ts';
import { checkKey, keyIn } from '../caller-key.ts';
import type { CallLog } from '../call-log.ts';
import { requestedModel } from '../models.ts';
import type { ResponseStore } from '../responses/response-store.ts';
import { readScript, type Script } from '../script.ts';
import type { IdSource } from '../unique-id.ts';
import { RealtimeSession } from './realtime-session.ts';
import { answerResponses } from './responses-socket.ts';

/** What the connections of one provider share. */
export interface SocketContext {
  readonly log: CallLog;
  readonly newId: IdSource;
  readonly apiKey: string | null;
  readonly store: ResponseStore;
}

/** One connection. */
export interface Line extends SocketContext {
  readonly socket: WebSocket;
  readonly script: Script;
  readonly path: string;
  readonly keyHint: string | null;
}

/** Accepts WebSockets on `server`: `/v1/realtime?model=…` and `/v1/responses`. The answer drops them all. */
export function acceptSockets(server: Server, context: SocketContext): () => void {
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, stream, head) => {
    try {
      checkKey(request, context.apiKey);
      const url = new URL(request.url ?? '', 'http://localhost');
      const script = readScript(request.headers);
      const speak = speakerFor(url);
      sockets.handleUpgrade(request, stream, head, (socket) => {
        const keyHint = keyIn(request)?.slice(-4) ?? null;
        speak({ ...context, socket, script, path: url.pathname, keyHint });
      });
    } catch (error) {
      refuse(request, stream, error instanceof ApiError ? error : scriptedError(500));
    }
  });
  return () => {
    for (const socket of sockets.clients) socket.terminate();
  };
}

function speakerFor(url: URL): (line: Line) => void {
  if (url.pathname === '/v1/responses') return answerResponses;
  if (url.pathname === '/v1/realtime') {
    const isTranscription = url.searchParams.get('intent') === 'transcription';
    const model = isTranscription ? null : requestedModel({ model: url.searchParams.get('model') });
    return (line) => new RealtimeSession(line, model).open();
  }
  throw new ApiError(`Invalid URL (GET ${url.pathname})`, { status: 404 });
}

function refuse({ httpVersion }: IncomingMessage, stream: Duplex, error: ApiError): void {
  const body = JSON.stringify(error.body());
  stream.end(
    `HTTP/${httpVersion} ${error.fields.status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
