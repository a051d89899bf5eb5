/**
 * One connection to Redis, set up so that nothing is ever sent that its sender does not know of.
 *
 * The only file that knows ioredis. By default ioredis queues commands while it is disconnected, and sends
 * unanswered ones again on the next connection, where another dataset may be: all of that is off. Whoever
 * uses a connection has to notice that it is a new one (`generation`) before the first command on it.
 */
import { Command, Redis, type RedisOptions } from 'ioredis';
import { toCopiesError, unavailable } from './redis-failure.ts';

/** Longest pause between two attempts to connect. */
const RETRY_MS_MAX = 1_000;
const RETRY_MS_STEP = 50;
const CONNECT_TIMEOUT_MS = 2_000;
const KEEP_ALIVE_MS = 5_000;

/** What may be added: everything but the shape of replies and the names of keys. */
export type MoreRedisOptions = Omit<RedisOptions, 'replyMapping' | 'keyPrefix'>;

/** A command whose words are bytes already: the library would make a text of each, and bytes of it again. */
class PackedCommand extends Command {
  readonly #bytes: Buffer;

  constructor(name: string, bytes: Buffer) {
    super(name, []);
    this.#bytes = bytes;
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

/** How to reach Redis. */
export interface RedisConnectionOptions {
  /** `redis://` or, with TLS, `rediss://`; user, password and database as usual. */
  readonly url: string;
  /** More of ioredis' options: TLS certificates, Sentinel. What is set here for safety cannot be changed. */
  readonly redis?: MoreRedisOptions | undefined;
  /** After this long a command's outcome counts as unknown. */
  readonly commandTimeoutMs: number;
  /** The connection is gone, or has been dropped, for this reason. */
  readonly onLost: (reason: string) => void;
  /** It is there (again), and nothing has been sent on it. */
  readonly onReady?: (() => void) | undefined;
}

/** A connection that reconnects by itself, and tells. */
export class RedisConnection {
  readonly #client: Redis;
  readonly #onLost: (reason: string) => void;
  #generation = 0;
  #isReady = false;
  #lastError: unknown;
  #waiting = new Set<() => void>();

  constructor(options: RedisConnectionOptions) {
    this.#onLost = options.onLost;
    const settings = {
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepAlive: KEEP_ALIVE_MS,
      connectionName: 'bursar',
      ...options.redis,
      commandTimeout: options.commandTimeoutMs,
      // Keys have a prefix of their own, which commands that are bytes already could not be given another before.
      keyPrefix: '',
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      // It keeps one pipeline in flight at a time, which costs an idle call half a round trip and a busy one
      // up to a whole. Commands travel together in one script call instead (command-batcher.ts).
      enableAutoPipelining: false,
      // 6.0.0 decodes integers just below 2^53 wrongly otherwise. Scripts reply text only; this is the belt.
      stringNumbers: true,
      // Nothing of the third protocol is needed, and some proxies and older servers lack it.
      protocol: 2 as const,
      retryStrategy: (times: number) => Math.min(times * RETRY_MS_STEP, RETRY_MS_MAX),
      reconnectOnError: null,
    };
    this.#client = new Redis(options.url, settings);
    this.#client.on('ready', () => {
      this.#generation += 1;
      this.#isReady = true;
      this.#lastError = undefined;
      options.onReady?.();
      for (const wake of Array.from(this.#waiting)) wake();
    });
    this.#client.on('close', () => this.#lose('the connection was lost'));
    this.#client.on('error', (error: unknown) => {
      this.#lastError = error;
    });
  }

  /** Another number after each reconnect. */
  get generation(): number {
    return this.#generation;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Resolves when there is a connection; throws `store_unavailable` if there is none after `withinMs`. */
  async whenReady(withinMs: number): Promise<void> {
    if (this.#isReady) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiting.add(done);
    });
    this.#assertReady();
  }

  /** Sends one command. Throws what `toCopiesError` makes of the failure. */
  async send(name: string, values: readonly string[]): Promise<unknown> {
    this.#assertReady();
    try {
      return await this.#client.call(name, ...values);
    } catch (error) {
      throw toCopiesError(error);
    }
  }

  /** The same, with a reply in which every text is bytes. */
  async sendForBytes(name: string, values: readonly string[]): Promise<unknown> {
    this.#assertReady();
    try {
      return await this.#client.callBuffer(name, ...values);
    } catch (error) {
      throw toCopiesError(error);
    }
  }

  /** Sends the command `name` as these bytes of the protocol. In the reply every text is bytes. */
  async sendPacked(name: string, bytes: Buffer): Promise<unknown> {
    this.#assertReady();
    try {
      return await this.#client.sendCommand(new PackedCommand(name, bytes));
    } catch (error) {
      throw toCopiesError(error);
    }
  }

  /** Gives up a connection whose answers make no sense, and makes a new one. */
  drop(reason: string): void {
    if (!this.#isReady) return;
    this.#lose(reason);
    this.#client.disconnect(true);
  }

  close(): void {
    this.#isReady = false;
    this.#client.disconnect();
    for (const wake of Array.from(this.#waiting)) wake();
  }

  #lose(reason: string): void {
    if (!this.#isReady) return;
    this.#isReady = false;
    this.#onLost(reason);
  }

  #assertReady(): void {
    if (!this.#isReady) throw unavailable('Redis is not connected.', this.#lastError);
  }
}
