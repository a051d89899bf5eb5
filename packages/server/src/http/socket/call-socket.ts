/**
 * One WebSocket: many calls under way at once, each answered as soon as it is done, in tRPC's messages.
 *
 * The caller is verified once, when the socket begins, and looked at again every second like that of an event stream.
 * Everything is bounded: a frame, the calls in it, the calls under way, and what waits for a client that does not read.
 * At a bound the socket is not read until there is room, so that a client in a hurry waits and nobody else does.
 */
import type { Duplex } from 'node:stream';
import { directProcedures, errorShape, type RequestContext, toBursarError } from '@bursar/api';
import { BursarError } from '@bursar/core';
import { TRPCError } from '@trpc/server';
import type { RawData, WebSocket } from 'ws';
import type { SignIn } from '../../tokens/sign-in.ts';
import { callDirectly, type CallResult, type DirectCallsOptions } from '../direct-calls.ts';
import type { OpenStream } from '../open-streams.ts';
import { authorizationIn, type CallId, messagesIn, type SocketMessage } from './socket-message.ts';
import { SocketSubscriptions } from './socket-subscriptions.ts';
import { SocketWriter } from './socket-writer.ts';

/** Most calls under way on one socket, subscriptions included; with one frame more at most. */
export const CALLS_UNDER_WAY_MAX = 512;
/** Most messages in one frame: tRPC's client puts all that it has at one moment in one. */
export const FRAME_MESSAGES_MAX = 1_000;
/** Most subscriptions on one socket. */
const SUBSCRIPTIONS_MAX = 100;
/** Codes of closing (RFC 6455, and those that IANA lists). */
export const POLICY_VIOLATION = 1008;
const UNSUPPORTED_DATA = 1003;
const SERVICE_RESTART = 1012;

/** What a socket needs. */
export interface CallSocketOptions extends DirectCallsOptions {
  readonly signIn: SignIn;
  /** Called once the caller is verified, or is not. */
  readonly onSignIn: (socket: CallSocket, authorization: string | undefined) => void;
}

/** How a client has begun. */
export interface SocketBeginning {
  readonly address: string;
  readonly authorization: string | undefined;
  /** Its first frame says who it is. */
  readonly waitsForParams: boolean;
  /** It wants answers that are ready at once in one frame. */
  readonly isTogether: boolean;
}

type Call = Extract<SocketMessage, { kind: 'call' }>;

/** Answers the calls of one socket. */
export class CallSocket implements OpenStream {
  readonly #options: CallSocketOptions;
  readonly #socket: WebSocket;
  readonly #writer: SocketWriter;
  readonly #beginning: SocketBeginning;
  readonly #subscriptions = new SocketSubscriptions((id, result) =>
    this.#writer.send(JSON.stringify({ id, result })),
  );
  #principal: Promise<RequestContext['principal']> | undefined;
  #underWay = 0;
  #subscribed = 0;
  #isLeaving = false;
  /** Whether anything came since the last look. */
  isAlive = true;

  constructor(
    options: CallSocketOptions,
    socket: WebSocket,
    stream: Duplex,
    beginning: SocketBeginning,
  ) {
    this.#options = options;
    this.#socket = socket;
    this.#writer = new SocketWriter(socket, stream, beginning.isTogether);
    this.#beginning = beginning;
    socket.on('message', (data, isBinary) => this.#read(data, isBinary));
    socket.on('pong', () => (this.isAlive = true));
    socket.on('close', () => this.#subscriptions.stopAll());
    stream.on('drain', () => this.#readOn());
    if (!beginning.waitsForParams) this.#signIn(beginning.authorization);
  }

  cut(): void {
    this.#socket.close(POLICY_VIOLATION, 'the token is not valid any more');
  }

  leave(): void {
    if (!this.#isLeaving) {
      this.#isLeaving = true;
      // tRPC's word for: connect to somebody else, and wait for what is under way here.
      this.#writer.send('{"id":null,"method":"reconnect"}');
      this.#subscriptions.stopAll();
    }
    this.#closeIfDone();
  }

  /** Asks whether the client is still there. */
  ping(): void {
    this.isAlive = false;
    this.#socket.ping();
  }

  /** Ends it without a word. */
  terminate(): void {
    this.#socket.terminate();
  }

  #signIn(authorization: string | undefined): void {
    const { signIn, onSignIn } = this.#options;
    this.#principal = signIn.verify(authorization, this.#beginning.address);
    this.#principal.then(
      (principal) => onSignIn(this, typeof principal === 'string' ? undefined : authorization),
      // Every call is told why.
      () => onSignIn(this, undefined),
    );
  }

  #read(data: RawData, isBinary: boolean): void {
    this.isAlive = true;
    // What comes after the last word is not heard: the token may be what has ended.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (isBinary) return this.#socket.close(UNSUPPORTED_DATA, 'send text');
    const frame = (data as Buffer).toString();
    if (frame === 'PING') return this.#writer.send('PONG');
    if (frame === 'PONG') return;
    if (this.#principal === undefined) return this.#signIn(authorizationIn(frame));
    const messages = messagesIn(frame);
    const isTooMany = messages.length > FRAME_MESSAGES_MAX;
    for (const message of messages) {
      if (isTooMany) this.#refuse(message.id, tooManyCalls());
      else this.#take(message, this.#principal);
    }
  }

  #take(message: SocketMessage, principal: Promise<RequestContext['principal']>): void {
    switch (message.kind) {
      case 'unreadable':
        return this.#refuse(message.id, toBursarError(new TRPCError({ code: 'PARSE_ERROR' })));
      case 'stop':
        return this.#subscriptions.stop(message.id);
      case 'call':
        this.#underWay += 1;
        if (this.#isFull) this.#socket.pause();
        void this.#call(message, principal).finally(() => {
          this.#underWay -= 1;
          this.#readOn();
          this.#closeIfDone();
        });
    }
  }

  /** Never rejects. */
  async #call(call: Call, verified: Promise<RequestContext['principal']>): Promise<void> {
    const { id, type, path, input } = call;
    let principal: RequestContext['principal'];
    try {
      principal = await verified;
    } catch (error) {
      return this.#refuse(id, this.#options.noteFailure(error, path));
    }
    if (type === 'subscription') return await this.#subscribe(call, principal);
    const procedure = directProcedures.get(path);
    if (procedure?.type !== type) return this.#refuse(id, noProcedure());
    this.#answer(id, await callDirectly(this.#options, { path, procedure }, principal, input));
  }

  async #subscribe(call: Call, principal: RequestContext['principal']): Promise<void> {
    const { service, noteFailure } = this.#options;
    if (this.#subscribed >= SUBSCRIPTIONS_MAX) return this.#refuse(call.id, tooManySubscriptions());
    if (this.#subscriptions.has(call.id)) return this.#refuse(call.id, idInUse());
    this.#subscribed += 1;
    try {
      await this.#subscriptions.run(call.id, call, { service, principal });
    } catch (error) {
      this.#refuse(call.id, noteFailure(error, call.path));
    } finally {
      this.#subscribed -= 1;
    }
  }

  #answer(id: CallId, { data, error }: CallResult): void {
    if (error === undefined) {
      this.#writer.send(JSON.stringify({ id, result: { type: 'data', data } }));
    } else this.#refuse(id, error);
  }

  #refuse(id: CallId | null, error: BursarError): void {
    this.#writer.send(JSON.stringify({ id, error: errorShape(error) }));
  }

  get #isFull(): boolean {
    return this.#underWay >= CALLS_UNDER_WAY_MAX || this.#writer.isBehind;
  }

  #readOn(): void {
    if (this.#socket.isPaused && !this.#isFull) this.#socket.resume();
  }

  #closeIfDone(): void {
    if (!this.#isLeaving || this.#underWay > 0) return;
    this.#writer.flush();
    this.#socket.close(SERVICE_RESTART, 'the server stops');
  }
}

function noProcedure(): BursarError {
  return toBursarError(new TRPCError({ code: 'NOT_FOUND' }));
}

function tooManyCalls(): BursarError {
  return new BursarError('payload_too_large', {
    field: 'batch',
    message: `A frame must be at most ${FRAME_MESSAGES_MAX} messages; send less in one.`,
  });
}

function tooManySubscriptions(): BursarError {
  return new BursarError('too_many_requests', {
    message: `This socket has ${SUBSCRIPTIONS_MAX} subscriptions open, which is the most it may have; close one.`,
  });
}

function idInUse(): BursarError {
  return new BursarError('input_invalid', {
    field: 'id',
    message: 'A subscription with this id is open on this socket; give each its own.',
  });
}
