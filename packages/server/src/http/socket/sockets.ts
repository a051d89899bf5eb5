/**
 * The WebSockets of a server: which requests may become one, who is still there, and ending them.
 */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { BursarError } from '@bursar/core';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Timers } from '../../clock/timers.ts';
import type { SignIn } from '../../tokens/sign-in.ts';
import type { DirectCallsOptions } from '../direct-calls.ts';
import { errorBody } from '../error-answer.ts';
import type { OpenStreams } from '../open-streams.ts';
import { CallSocket, POLICY_VIOLATION } from './call-socket.ts';

/** Where sockets begin: the procedures' path, with or without its last slash. */
const PATH = /^\/trpc\/?(?:\?([\w=&]*))?$/;
/** Largest frame, in bytes: 256 kB, for as many calls as may be in one. */
const FRAME_BYTES_MAX = 262_144;
/** Most sockets that are open. */
const SOCKETS_MAX = 10_000;
/** How often every client is asked whether it is still there; who has not answered by then is not. */
export const PING_MS = 30_000;
/** How long a socket may stay whose caller is not known. */
export const STRANGER_MS = 10_000;

/** What sockets need. */
export interface SocketsOptions extends DirectCallsOptions {
  readonly signIn: SignIn;
  readonly streams: OpenStreams;
  readonly timers: Timers;
}

/** All of them. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
  });
  readonly #open = new Set<CallSocket>();
  #isStopping = false;
  #cancelPing: (() => void) | undefined;

  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  /** Whether `request` asks for a socket, where there are some. */
  isAskedFor({ url = '', headers }: IncomingMessage): boolean {
    return headers.upgrade?.toLowerCase() === 'websocket' && PATH.test(url);
  }

  /** Makes a socket of `request`, or refuses. */
  accept(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => stream.destroy());
    // A Node that does not ask `isAskedFor` first comes with everything that is called an upgrade.
    if (!this.isAskedFor(request)) return refuse(stream, noUpgrade());
    if (this.#isStopping || this.#open.size >= SOCKETS_MAX) return refuse(stream, noMore());
    this.#server.handleUpgrade(request, stream, head, (socket) =>
      this.#begin(socket, request, stream),
    );
  }

  /** From now on there are no new ones. Those that there are end with `OpenStreams`. */
  stop(): void {
    this.#isStopping = true;
    for (const socket of this.#open) socket.leave();
  }

  #begin(ws: WebSocket, { url = '', headers, socket }: IncomingMessage, stream: Duplex): void {
    const { streams, timers } = this.#options;
    const search = new URLSearchParams(PATH.exec(url)?.[1] ?? '');
    let forget = (): void => {};
    const cancelStranger = timers.after(STRANGER_MS, () =>
      ws.close(POLICY_VIOLATION, 'no valid service token'),
    );
    const calls = new CallSocket(
      {
        ...this.#options,
        onSignIn: (open, authorization) => {
          if (authorization === undefined || !this.#open.has(open)) return;
          cancelStranger();
          forget = streams.watch(open, authorization);
        },
      },
      ws,
      stream,
      {
        address: socket.remoteAddress ?? '',
        authorization: headers.authorization,
        waitsForParams: search.get('connectionParams') === '1',
        isTogether: search.get('together') === '1',
      },
    );
    this.#open.add(calls);
    ws.on('error', () => ws.terminate());
    ws.on('close', () => {
      this.#open.delete(calls);
      cancelStranger();
      forget();
      if (this.#open.size === 0) this.#cancelPing?.();
      if (this.#open.size === 0) this.#cancelPing = undefined;
    });
    this.#cancelPing ??= this.#planPing();
  }

  #planPing(): () => void {
    return this.#options.timers.after(PING_MS, () => {
      for (const socket of this.#open) {
        if (socket.isAlive) socket.ping();
        else socket.terminate();
      }
      this.#cancelPing = this.#planPing();
    });
  }
}

function noUpgrade(): BursarError {
  return new BursarError('input_invalid', {
    field: 'upgrade',
    message: 'Send the request without the header "upgrade"; only WebSockets are made, at /trpc.',
  });
}

function noMore(): BursarError {
  return new BursarError('too_many_requests', {
    message: 'This server takes no more WebSockets; connect to another, or call over HTTP.',
  });
}

/** There is no response object for what was to become a socket. */
function refuse(stream: Duplex, refusal: BursarError): void {
  const body = errorBody(refusal);
  stream.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n` +
      'content-type: application/json\r\nx-content-type-options: nosniff\r\nconnection: close\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
