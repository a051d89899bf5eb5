/** Everything that runs in a campaign: PostgreSQL, Redis, servers, and a link with faults for each pair of them. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  type FaultProxy,
  type PostgresServer,
  type RedisServer,
  startFaultProxy,
  startPostgres,
  startRedis,
  startReplicaOf,
} from '@bursar/testkit';
import type { ChaosServerOptions } from './server.process.ts';

/** Of every Redis of the campaign, so that clients need not know which one they are led to. */
const REDIS_USER = 'bursar';

/** `DEBUG SLEEP` is one of the faults. */
const CONFIG = { 'enable-debug-command': 'yes' };

/** Where a link leads; a failover changes it. */
interface Target {
  readonly host: string;
  port: number;
}

/** One server and its links. It may be down. */
export interface ChaosServer {
  readonly name: string;
  readonly toRedis: FaultProxy;
  readonly toPostgres: FaultProxy;
  /** Where it listens; `undefined` while it is down. */
  url: string | undefined;
  process: ChildProcess | undefined;
}

/** The machine park of a campaign. */
export class ChaosServers {
  readonly postgres: PostgresServer;
  readonly databaseUrl: string;
  readonly servers: readonly ChaosServer[];
  readonly token = `chaos-${randomBytes(24).toString('hex')}`;
  redis: RedisServer;
  readonly #redisTarget: Target;
  readonly #redisPassword: string;
  readonly #limitUsd: string;

  private constructor(fields: {
    readonly postgres: PostgresServer;
    readonly databaseUrl: string;
    readonly redis: RedisServer;
    readonly redisTarget: Target;
    readonly redisPassword: string;
    readonly servers: readonly ChaosServer[];
    readonly limitUsd: string;
  }) {
    this.postgres = fields.postgres;
    this.databaseUrl = fields.databaseUrl;
    this.redis = fields.redis;
    this.servers = fields.servers;
    this.#redisTarget = fields.redisTarget;
    this.#redisPassword = fields.redisPassword;
    this.#limitUsd = fields.limitUsd;
  }

  /** Starts `count` servers on one Redis and one PostgreSQL, whose users have `limitUsd` each. */
  static async start(count: number, limitUsd: string): Promise<ChaosServers> {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis({ config: CONFIG })]);
    const databaseUrl = await postgres.createDatabase();
    const redisPassword = randomBytes(16).toString('hex');
    const redisTarget: Target = { host: '127.0.0.1', port: redis.port };
    const postgresTarget = { host: '127.0.0.1', port: Number(new URL(databaseUrl).port) };
    const servers = await Promise.all(
      Array.from({ length: count }, async (_, index) => ({
        name: `server-${index}`,
        toRedis: await startFaultProxy(redisTarget),
        toPostgres: await startFaultProxy(postgresTarget),
        url: undefined,
        process: undefined,
      })),
    );
    const chaos = new ChaosServers({
      postgres,
      databaseUrl,
      redis,
      redisTarget,
      redisPassword,
      servers,
      limitUsd,
    });
    await chaos.letIn(redis);
    // One after the other: the first one makes the tables.
    for (const server of servers) await chaos.startServer(server);
    return chaos;
  }

  /** Gives the clients' user to a Redis that has started. It is gone with the process. */
  async letIn(redis: RedisServer): Promise<void> {
    const rights = ['on', `>${this.#redisPassword}`, '~*', '&*', '+@all'];
    await redis.cli('ACL', 'SETUSER', REDIS_USER, ...rights);
  }

  async startServer(server: ChaosServer): Promise<void> {
    const child = fork(join(import.meta.dirname, 'server.process.ts'), { execArgv: [] });
    server.process = child;
    const through = (url: string, port: number): string => {
      const parsed = new URL(url);
      parsed.port = String(port);
      return parsed.href;
    };
    child.send({
      databaseUrl: through(this.databaseUrl, server.toPostgres.port),
      redisUrl: `redis://${REDIS_USER}:${this.#redisPassword}@127.0.0.1:${server.toRedis.port}`,
      token: this.token,
      limitUsd: this.#limitUsd,
    } satisfies ChaosServerOptions);
    const ended = new AbortController();
    const [first] = (await Promise.race([
      once(child, 'message', { signal: ended.signal }),
      once(child, 'exit', { signal: ended.signal }),
    ])) as [unknown];
    ended.abort();
    if (typeof first !== 'object' || first === null || !('listening' in first)) {
      throw new Error(`${server.name} ended before it listened`);
    }
    server.url = String(first.listening);
  }

  async killServer(server: ChaosServer): Promise<void> {
    const child = server.process;
    server.url = undefined;
    server.process = undefined;
    if (child === undefined) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** A replica that has missed the last writes becomes the primary, and everybody is led to it. */
  async failOver(lagMs: number, wait: (ms: number) => Promise<void>): Promise<void> {
    const link = await startFaultProxy({ host: '127.0.0.1', port: this.redis.port });
    const primary = { port: link.port, password: this.redis.password };
    const replica = await startReplicaOf(primary, { config: CONFIG });
    await link.blackhole();
    await wait(lagMs);
    const old = this.redis;
    await old.kill();
    await replica.promote();
    await this.letIn(replica);
    this.redis = replica;
    this.#redisTarget.port = replica.port;
    // Connections to the old one are gone with it; those that are made from now on lead to the new one.
    await Promise.all([old.stop(), link.stop()]);
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      await this.killServer(server);
      await Promise.all([server.toRedis.stop(), server.toPostgres.stop()]);
    }
    await Promise.all([this.redis.stop(), this.postgres.stop()]);
  }
}
