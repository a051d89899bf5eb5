/** A WebSocket of a test: sends what it is told to, and keeps what comes. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { authorization } from './test-server.ts';

/** A message of the server. */
export interface Received {
  readonly id: string | number | null;
  readonly method?: string;
  readonly result?: { readonly type: string; readonly data?: Readonly<Record<string, unknown>> };
  readonly error?: {
    readonly message: string;
    readonly data: { readonly code: string; readonly field?: string };
  };
}

export interface SocketClient {
  readonly socket: WebSocket;
  /** Frames as they came. */
  readonly frames: readonly string[];
  /** Sends one frame. */
  send(message: unknown): void;
  /** The next `count` messages, frames that are lists taken apart. */
  next(count: number): Promise<readonly Received[]>;
  /** The code that the socket is closed with. */
  readonly closed: Promise<number>;
}

/** Opens a socket to the server at `url`, with `token` in its header. */
export async function openSocket(
  url: string,
  token: string | null,
  options: { readonly search?: string; readonly autoPong?: boolean } = {},
): Promise<SocketClient> {
  const { search = '', autoPong = true } = options;
  const address = `${url.replace('http', 'ws')}/trpc${search}`;
  const socket = new WebSocket(address, { headers: authorization(token), autoPong });
  const frames: string[] = [];
  const messages: Received[] = [];
  let arrived = (): void => {};
  socket.on('message', (data) => {
    const frame = (data as Buffer).toString();
    frames.push(frame);
    const parsed = frame === 'PONG' ? [] : (JSON.parse(frame) as Received | Received[]);
    messages.push(...(Array.isArray(parsed) ? parsed : [parsed]));
    arrived();
  });
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  return {
    socket,
    frames,
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async next(count) {
      while (messages.length < count) await new Promise<void>((resolve) => (arrived = resolve));
      return messages.splice(0, count);
    },
  };
}
