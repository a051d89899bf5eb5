/**
 * Everything real, on the hybrid: Bursar servers that let a real Redis decide for a real PostgreSQL, behind
 * HTTP; the local provider; the openai package.
 *
 * The servers, Redis and PostgreSQL live by a clock that stands still until the test moves it, so that no
 * reservation of a scenario ends by its deadline unless the scenario says so.
 */
import type { ReserveOutput } from '@bursar/api';
import { type Provider, startProvider } from '@bursar/local-provider';
import { type Bursar as Server, createBursar } from '@bursar/server';
import {
  ManualClock,
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
} from '@bursar/testkit';
import OpenAI, { type ClientOptions } from 'openai';
import type { Journal } from '../../src/commits/commits.ts';
import { type Bursar, connect } from '../../src/connect.ts';
import { type Runtime, SYSTEM_RUNTIME } from '../../src/runtime.ts';
import type { HttpServer } from '../../src/transport/http-transport.ts';
import type { WrapOptions } from '../../src/wrap-options.ts';

export const TOKEN = 'a-token-for-tests-only-0123456789abcdef';
/** Each of its input tokens costs 150 nano-USD, each of its output tokens 600. */
export const MODEL = 'gpt-4o-mini';

/** One Redis and one PostgreSQL, for any number of worlds. */
export interface Stores {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  stop(): Promise<void>;
}

/** Starts both. */
export async function startStores(): Promise<Stores> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  return {
    postgres,
    redis,
    stop: async () => void (await Promise.all([postgres.stop(), redis.stop()])),
  };
}

/** A reservation that was admitted. */
export interface Hold {
  readonly user: string;
  readonly heldUsd: string;
}

/** How a connection to one of the servers is made. */
export interface ConnectOptions {
  /** Which server; the first unless said. */
  readonly server?: 0 | 1;
  readonly fetch?: HttpServer['fetch'];
  readonly runtime?: Runtime;
  readonly journal?: Journal;
}

/** Two servers on books of their own, a provider, and clients. */
export interface HybridWorld extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly provider: Provider;
  readonly servers: readonly [Server, Server];
  /** Base URLs of the servers. */
  readonly urls: readonly [string, string];
  /** Over HTTP, to the first server. */
  readonly bursar: Bursar;
  /** What was admitted, by reservation. */
  readonly holds: Map<string, Hold>;
  /** Another connection, closed with the world. */
  connect(options?: ConnectOptions): Bursar;
  /**
   * An openai client of the provider, without retries, wrapped for `alice` on `bursar` or another connection.
   * What it is allowed is noted in `holds`.
   */
  openai(options?: Partial<WrapOptions>, client?: ClientOptions, bursar?: Bursar): OpenAI;
  /** How many accounts have a copy in Redis. */
  copies(): Promise<number>;
  /** Resolves once no client has anything under way. */
  settled(): Promise<void>;
}

let worlds = 0;

/** Opens a world with empty books in `stores`; users have `defaultLimitUsd` each. */
export async function openHybridWorld(
  stores: Stores,
  { defaultLimitUsd = '5.00' }: { readonly defaultLimitUsd?: string } = {},
): Promise<HybridWorld> {
  const clock = new ManualClock();
  const databaseUrl = await stores.postgres.createDatabase();
  worlds += 1;
  const keyPrefix = `world-${worlds}`;
  const startServer = (): Promise<Server> =>
    createBursar({
      store: { kind: 'hybrid', databaseUrl, redisUrl: stores.redis.url, keyPrefix },
      defaultLimitUsd,
      bootstrapToken: TOKEN,
      sweepIntervalMs: 20,
      time: {
        nowMs: () => clock.nowMs(),
        after(delayMs, callback) {
          const timer = setTimeout(callback, delayMs).unref();
          return () => clearTimeout(timer);
        },
      },
    });
  const provider = await startProvider();
  // One after the other: the first makes the tables.
  const servers = [await startServer(), await startServer()] as const;
  const urls = [await servers[0].listen(), await servers[1].listen()] as const;
  const clients: Bursar[] = [];
  const holds = new Map<string, Hold>();
  const connectTo: HybridWorld['connect'] = ({ server = 0, fetch, runtime, journal } = {}) => {
    const options = {
      url: urls[server],
      token: TOKEN,
      ...(fetch === undefined ? {} : { fetch }),
      ...(journal === undefined ? {} : { journal }),
    };
    const client = connect(options, runtime ?? SYSTEM_RUNTIME);
    clients.push(client);
    return client;
  };
  const bursar = connectTo();
  const settled = async (): Promise<void> => {
    for (const client of clients) await client.settled();
  };
  return {
    clock,
    provider,
    servers,
    urls,
    bursar,
    holds,
    connect: connectTo,
    openai: (options, client, connection = bursar) => {
      const plain = { apiKey: 'sk-test', baseURL: provider.url, maxRetries: 0, ...client };
      return connection.wrap(new OpenAI(plain), {
        user: 'alice',
        ...options,
        onDecision: (call, decision: ReserveOutput) => {
          if (decision.decision === 'allowed') {
            holds.set(call.reservation, { user: call.user, heldUsd: decision.heldUsd });
          }
          options?.onDecision?.(call, decision);
        },
      });
    },
    async copies() {
      const keys = await stores.redis.cli('KEYS', `${keyPrefix}:*:usage:*`);
      return Array.isArray(keys) ? keys.length : 0;
    },
    settled,
    [Symbol.asyncDispose]: async () => {
      await provider.close();
      for (const client of clients) await client.close();
      for (const server of servers) await server.close();
    },
  };
}

/**
 * A user's message of exactly `words` tokens, as the local provider counts them and as the client expects
 * them, which takes four bytes for a token: what is settled unseen is then what the provider bills.
 */
export function threeLetterWords(words: number): {
  readonly role: 'user';
  readonly content: string;
} {
  return { role: 'user', content: Array.from({ length: words }, () => 'abc').join(' ') };
}
