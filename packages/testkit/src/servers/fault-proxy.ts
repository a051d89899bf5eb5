/**
 * A TCP proxy that fails on demand: one for each link between a client and a server, whatever they speak.
 *
 * What it decides: when bytes pass, and whether connections exist. What it never does: change, repeat or
 * reorder bytes. A connection that lost some is reset by `heal`, because going on would pair the next request
 * with the reply to an earlier one, which no network does.
 */
import { once } from 'node:events';
import { type Server, Socket, createServer } from 'node:net';

import { ByteLane, resetSocket } from './byte-lane.ts';
import { randomPort } from './random-port.ts';

const LISTEN_ATTEMPTS_MAX = 10;

export interface FaultProxy {
  /** On 127.0.0.1. The same after `cut` and `heal`. */
  readonly port: number;
  /** How many connections clients have through it now. */
  readonly connections: number;
  /** Resets all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Accepts, and delivers nothing either way. What was sent is kept and delivered by `heal`, as by TCP. */
  blackhole(): Promise<void>;
  /** Lets requests pass and swallows replies. */
  dropReplies(): Promise<void>;
  /** Resolves with the first reply that was swallowed since `dropReplies`: its request has been carried out. */
  replySwallowed(): Promise<void>;
  /** Delivers everything so much later than it came, each way, until `heal`. */
  delay(ms: number): void;
  /** Ends every fault, the delay included, and resets the connections whose replies were swallowed. */
  heal(): Promise<void>;
  /** Resets all connections and stops listening, for good. Harmless when repeated. */
  stop(): Promise<void>;
}

type Fault = 'none' | 'cut' | 'blackhole' | 'dropped replies';

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly lanes: readonly ByteLane[];
}

/** Starts a proxy before the server at `target`, which need not be up: its clients are reset while it is not. */
export async function startFaultProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<FaultProxy> {
  const links = new Set<Link>();
  let fault: Fault = 'none';
  let delayMs = 0;
  let swallowed = Promise.withResolvers<void>();
  let server: Server | undefined;
  let port = 0;

  function accept(client: Socket): void {
    const upstream = new Socket({ allowHalfOpen: true });
    upstream.setNoDelay(true);
    const common = { delayMs: () => delayMs, onSwallow: () => swallowed.resolve() };
    const hold = (): boolean => fault === 'blackhole';
    const link: Link = {
      client,
      upstream,
      lanes: [
        new ByteLane({
          ...common,
          from: client,
          to: upstream,
          rule: () => (hold() ? 'hold' : 'deliver'),
        }),
        new ByteLane({
          ...common,
          from: upstream,
          to: client,
          rule: () => (hold() ? 'hold' : fault === 'dropped replies' ? 'swallow' : 'deliver'),
        }),
      ],
    };
    links.add(link);
    for (const socket of [client, upstream]) {
      // A reset of one side reaches the other through its lane.
      socket.on('error', () => {});
      socket.once('close', () => {
        if (client.destroyed && upstream.destroyed) links.delete(link);
      });
    }
    // In a black hole not even the greeting arrives; `heal` sends it.
    if (!hold()) upstream.connect(target);
  }

  async function listen(): Promise<void> {
    if (server !== undefined) return;
    const isFirst = port === 0;
    for (let attempt = 1; ; attempt += 1) {
      if (isFirst) port = randomPort();
      const listener = createServer({ allowHalfOpen: true, noDelay: true }, accept);
      try {
        await once(listener.listen(port, '127.0.0.1'), 'listening');
        server = listener;
        // A test that forgets to stop its proxy must not keep the process alive.
        listener.unref();
        return;
      } catch (error) {
        const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!isTaken || attempt === LISTEN_ATTEMPTS_MAX) throw error;
      }
    }
  }

  async function cut(): Promise<void> {
    fault = 'cut';
    const closed = server === undefined ? undefined : once(server.close(), 'close');
    server = undefined;
    for (const link of links) reset(link);
    await closed;
  }

  await listen();
  return {
    port,
    get connections() {
      return links.size;
    },
    cut,
    async blackhole() {
      fault = 'blackhole';
      await listen();
    },
    async dropReplies() {
      fault = 'dropped replies';
      swallowed = Promise.withResolvers<void>();
      await listen();
    },
    replySwallowed: () => swallowed.promise,
    delay(ms) {
      delayMs = ms;
      for (const { lanes } of links) for (const lane of lanes) lane.advance();
    },
    async heal() {
      fault = 'none';
      delayMs = 0;
      for (const link of links) {
        if (link.lanes.some((lane) => lane.hasGap)) {
          reset(link);
          continue;
        }
        if (isUnopened(link.upstream)) link.upstream.connect(target);
        for (const lane of link.lanes) lane.advance();
      }
      await listen();
    },
    stop: cut,
  };
}

/** Whether a socket was never told to connect. */
function isUnopened(socket: Socket): boolean {
  return socket.pending && !socket.connecting && !socket.destroyed;
}

function reset(link: Link): void {
  resetSocket(link.client);
  resetSocket(link.upstream);
}
