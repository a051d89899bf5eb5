/**
 * tRPC calls over one WebSocket: many under way at once, each answered as soon as it is done.
 *
 * What is called in one turn of the event loop leaves as one frame, in a microtask; answers that are ready at once come
 * as one. The socket is opened by the first call, and again by the first after it was lost. A call that was sent on a
 * socket that was lost has an unknown outcome, and a call that was not has none: that is the difference that errors say.
 */
import { type CallAnswer, type Calls, jsonOf, type Method } from './batched-calls.ts';
import type { HttpServer } from './http-transport.ts';
import { neverSent } from './never-sent.ts';
import { authorization, REQUEST_MS_MAX } from './requests.ts';

/** Most calls under way; more wait. Servers bound it too. */
const CALLS_MAX = 512;
/** Most characters of messages in one frame. */
const FRAME_LENGTH_MAX = 60_000;
/** How finely waits are measured: in parts of the longest one. */
const TICKS_MAX = 10;

interface Call {
  /** The message without its id. */
  readonly rest: string;
  readonly resolve: (answer: CallAnswer) => void;
  readonly reject: (error: unknown) => void;
  /** When it came, and then when it was sent. */
  tick: number;
}

interface Connection {
  readonly socket: WebSocket;
  readonly calls: Map<number, Call>;
  isOpen: boolean;
  /** When it was begun, and when something was last heard. */
  heardTick: number;
}

type Message = CallAnswer & { readonly id: number | null; readonly method?: string };

/** Calls procedures at one address, `ws:` or `wss:`. */
export class SocketCalls implements Calls {
  readonly #server: HttpServer;
  readonly #url: string;
  readonly #open = new Set<Connection>();
  #current: Connection | undefined;
  #waiting: Call[] = [];
  #lastId = 0;
  #isFlushing = false;
  #tick = 0;
  #isTicking = false;

  /** `url` of the procedures, without a slash at its end. */
  constructor(server: HttpServer, url: string) {
    this.#server = server;
    this.#url = `${url}?connectionParams=1&together=1`;
  }

  call(method: Method, path: string, input: object): Promise<CallAnswer> {
    return new Promise((resolve, reject) => {
      const type = method === 'GET' ? 'query' : 'mutation';
      const rest = `"method":"${type}","params":{"path":"${path}","input":${jsonOf(input)}}}`;
      this.#waiting.push({ rest, resolve, reject, tick: this.#tick });
      if (this.#isFlushing) return;
      this.#isFlushing = true;
      queueMicrotask(() => {
        this.#isFlushing = false;
        this.#flush();
      });
    });
  }

  close(): void {
    for (const { socket } of this.#open) socket.close();
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const connection = (this.#current ??= this.#connect());
    while (connection.isOpen && this.#waiting.length > 0 && connection.calls.size < CALLS_MAX) {
      const messages: string[] = [];
      let length = 0;
      while (connection.calls.size < CALLS_MAX && length < FRAME_LENGTH_MAX) {
        const call = this.#waiting.shift();
        if (call === undefined) break;
        const id = (this.#lastId += 1);
        call.tick = this.#tick;
        connection.calls.set(id, call);
        messages.push(`{"id":${id},${call.rest}`);
        length += call.rest.length;
      }
      connection.socket.send(messages.length === 1 ? String(messages[0]) : `[${messages.join()}]`);
    }
    if (!this.#isTicking) this.#planTick();
  }

  #connect(): Connection {
    const socket = new WebSocket(this.#url);
    const connection = {
      socket,
      calls: new Map<number, Call>(),
      isOpen: false,
      heardTick: this.#tick,
    };
    this.#open.add(connection);
    socket.addEventListener('open', () => {
      connection.isOpen = true;
      socket.send(
        JSON.stringify({ method: 'connectionParams', data: authorization(this.#server) }),
      );
      this.#flush();
    });
    socket.addEventListener('message', ({ data }) => this.#hear(connection, String(data)));
    socket.addEventListener('close', ({ code }) => this.#lose(connection, code));
    return connection;
  }

  #hear(connection: Connection, frame: string): void {
    connection.heardTick = this.#tick;
    const parsed = JSON.parse(frame) as Message | readonly Message[];
    for (const message of Array.isArray(parsed)
      ? (parsed as readonly Message[])
      : [parsed as Message]) {
      const call = connection.calls.get(message.id ?? 0);
      if (call === undefined) {
        // The server stops: it ends the socket when it has answered.
        if (message.method === 'reconnect') this.#retire(connection);
        continue;
      }
      connection.calls.delete(message.id ?? 0);
      call.resolve(message);
    }
    this.#flush();
  }

  #lose(connection: Connection, code: number): void {
    this.#retire(connection);
    this.#open.delete(connection);
    const lost = new Error(`the WebSocket was closed (${code})`);
    for (const { reject } of connection.calls.values()) reject(lost);
    connection.calls.clear();
    if (connection.isOpen) return this.#flush();
    this.#failWaiting();
  }

  #failWaiting(): void {
    const never = neverSent('a WebSocket could not be opened');
    for (const { reject } of this.#waiting.splice(0)) reject(never);
  }

  #retire(connection: Connection): void {
    if (this.#current === connection) this.#current = undefined;
  }

  #planTick(): void {
    this.#isTicking = true;
    const { requestMsMax = REQUEST_MS_MAX } = this.#server;
    setTimeout(() => {
      this.#tick += 1;
      for (const connection of this.#open) this.#giveUpOld(connection, requestMsMax);
      this.#giveUpWaiting();
      const isBusy = Array.from(this.#open).some(({ isOpen, calls }) => !isOpen || calls.size > 0);
      this.#isTicking = false;
      if (isBusy || this.#waiting.length > 0) this.#planTick();
    }, requestMsMax / TICKS_MAX);
  }

  /** What has waited for room as long as an answer is waited for. */
  #giveUpWaiting(): void {
    const before = this.#tick - TICKS_MAX;
    const first = this.#waiting.findIndex(({ tick }) => tick >= before);
    const tooLong = this.#waiting.splice(0, first < 0 ? Infinity : first);
    for (const { reject } of tooLong) reject(neverSent('there was no room for a call in time'));
  }

  #giveUpOld(connection: Connection, requestMsMax: number): void {
    const before = this.#tick - TICKS_MAX;
    let isSilent = !connection.isOpen && connection.heardTick < before;
    for (const [id, call] of connection.calls) {
      // They are in the order of sending.
      if (call.tick >= before) break;
      connection.calls.delete(id);
      call.reject(new Error(`no answer within ${requestMsMax} ms`));
      isSilent ||= connection.heardTick <= call.tick;
    }
    if (!isSilent) return;
    // Nothing came since: who is there no more does not close either.
    connection.socket.close();
    this.#retire(connection);
    if (!connection.isOpen) this.#failWaiting();
  }
}
