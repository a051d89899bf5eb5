/**
 * The HTTP server: listening, limits on slow and malformed clients, and stopping without losing anybody.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BursarError } from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import { errorBody } from './error-answer.ts';
import type { OpenStreams } from './open-streams.ts';
import type { Readiness } from './readiness.ts';
import { Sockets } from './socket/sockets.ts';
import { requestHandler, type RequestHandlerOptions } from './request-handler.ts';

/** Bounds of one request, in milliseconds and bytes. Answers may take longer: event streams do. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** How often Node looks for requests that are too slow: added to the bounds above. */
const TIMEOUT_CHECK_MS = 5_000;
/** More than the longest URL, so that a long one gets an answer that names it. */
const HEADER_BYTES_MAX = 65_536;

/** What an HTTP server is made of. */
export interface HttpServerOptions extends RequestHandlerOptions {
  readonly readiness: Readiness;
  readonly streams: OpenStreams;
  readonly timers: Timers;
}

/** One listening server. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #sockets: Sockets;
  readonly #connections = new Set<Socket>();
  #drained: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const handle = requestHandler(options);
    const sockets = new Sockets(options);
    this.#sockets = sockets;
    this.#server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
        maxHeaderSize: HEADER_BYTES_MAX,
        // Some clients ask for HTTP/2 with every request, and go on with HTTP/1.1.
        shouldUpgradeCallback: (request) => sockets.isAskedFor(request),
      },
      (request, response) => {
        if (this.#drained !== undefined) response.setHeader('connection', 'close');
        // A connection that carried a call when the drain began is idle only now.
        response.once('close', () => {
          if (this.#drained !== undefined) setImmediate(() => this.#server.closeIdleConnections());
        });
        void handle(request, response);
      },
    );
    this.#server.on('upgrade', (request, stream, head) => sockets.accept(request, stream, head));
    this.#server.on('clientError', refuseMalformed);
    this.#server.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  /** Listens, and returns the base URL. `port` 0 picks a free one. Throws `input_invalid` if it cannot. */
  async listen(host: string, port: number): Promise<string> {
    this.#server.listen(port, host);
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      throw new BursarError('input_invalid', {
        field: 'BURSAR_PORT',
        message: `The server cannot listen at port ${port} of ${host}: ${(error as Error).message}. Choose another BURSAR_PORT (0 picks a free one) or BURSAR_HOST.`,
        cause: error,
      });
    }
    const address = this.#server.address() as AddressInfo;
    const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${shown}:${address.port}`;
  }

  /**
   * Stops: not ready any more, no new connections, event streams cut, running calls finished (and WebSockets closed then), for at most
   * `withinMs`; what is left then is cut too. May be repeated.
   */
  drain(withinMs: number): Promise<void> {
    this.#drained ??= this.#drain(withinMs);
    return this.#drained;
  }

  async #drain(withinMs: number): Promise<void> {
    const { readiness, streams, timers } = this.#options;
    readiness.drain();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    streams.endAll();
    this.#sockets.stop();
    // Node does not count a connection as idle before its first request; clients open some in advance.
    for (const socket of this.#connections) if (socket.bytesRead === 0) socket.destroy();
    const cancel = timers.after(withinMs, () => {
      for (const socket of this.#connections) socket.destroy();
    });
    await closed;
    cancel();
  }
}

/** What cannot be parsed as HTTP has no response object; it gets the same shape, written by hand. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new BursarError('payload_too_large', {
          field: 'headers',
          message: `The URL and headers must be at most ${HEADER_BYTES_MAX} bytes; send less in one request.`,
        })
      : new BursarError('input_invalid', {
          field: 'request',
          message:
            'The request is not HTTP as the server understands it, or did not arrive in time.',
        });
  const body = errorBody(refusal);
  socket.end(
    `HTTP/1.1 ${refusal.status} ${refusal.status === 413 ? 'Content Too Large' : 'Bad Request'}\r\n` +
      'content-type: application/json\r\nx-content-type-options: nosniff\r\nconnection: close\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
