/**
 * The Redis servers behind the addresses that were given: one, or the primaries of a cluster.
 *
 * Decides which server has a shard, and nothing else. A cluster is asked where its slots are whenever hands
 * are shaken, and only then: a server that is asked for a shard that it has not says so and does nothing,
 * which counts as another dataset (redis-failure.ts). ioredis' own cluster client would follow such an
 * answer, and send a command again, to data that nobody has shaken hands with.
 */
import { assert } from '@bursar/core';
import {
  type MoreRedisOptions,
  RedisConnection,
  type RedisConnectionOptions,
} from './redis-connection.ts';
import { unavailable } from './redis-failure.ts';
import { parseInfo } from './server-info.ts';

/** How the servers are reached. */
export interface RedisNodesOptions {
  /** One URL, or several of one cluster with commas between, any of which will do. */
  readonly urls: string;
  readonly redis?: MoreRedisOptions | undefined;
  readonly commandTimeoutMs: number;
  /** A key of each shard: its slot decides where the shard is. */
  readonly shardKeys: readonly string[];
  /** The connection to a server that has a shard is gone, or has been dropped, for this reason. */
  readonly onLost: (reason: string) => void;
  /** There is a connection (again), and nothing has been sent on it. */
  readonly onReady?: (() => void) | undefined;
}

/** One part of the slots, and the address of its primary. */
interface SlotRange {
  readonly from: number;
  readonly to: number;
  /** As the cluster says it; empty when it does not know its own. */
  readonly host: string;
  readonly port: number;
}

/** Connections that reconnect by themselves, and which of them leads to a shard. */
export class RedisNodes {
  readonly #options: RedisNodesOptions;
  readonly #seeds: readonly string[];
  /** By `host:port`; the seeds, and what they led to. */
  readonly #known = new Map<string, RedisConnection>();
  #ofShard: readonly RedisConnection[] = [];
  /** The slots of the shards in a cluster, which never change. */
  #slots: readonly number[] | undefined;
  #generation = 0;

  constructor(options: RedisNodesOptions) {
    this.#options = options;
    this.#seeds = options.urls.split(',');
    for (const url of this.#seeds) this.#connect(url);
  }

  /** Another number whenever a connection to a shard is another one. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether every shard can be reached; before it is known where they are, whether anything can. */
  get isReady(): boolean {
    if (this.#ofShard.length > 0) return this.#ofShard.every(({ isReady }) => isReady);
    return Array.from(this.#known.values()).some(({ isReady }) => isReady);
  }

  /** The servers that have shards, each once. */
  get all(): readonly RedisConnection[] {
    return [...new Set(this.#ofShard)];
  }

  /** The connection to the server that had `shard` when hands were last shaken. Throws `store_unavailable`. */
  of(shard: number): RedisConnection {
    const connection = this.#ofShard[shard];
    if (connection === undefined) throw unavailable('Redis is not connected.');
    return connection;
  }

  /**
   * Finds out which server has which shard, and resolves when all of them are connected. Throws
   * `store_unavailable` if they are not after `withinMs`.
   */
  async locate(withinMs: number): Promise<void> {
    const known = Array.from(this.#known.values());
    await Promise.any(known.map((connection) => connection.whenReady(withinMs))).catch(
      ({ errors: [first] }: AggregateError) => {
        throw first;
      },
    );
    const found = await this.#find(known.filter(({ isReady }) => isReady));
    if (found.some((connection, shard) => connection !== this.#ofShard[shard])) {
      this.#ofShard = found;
      this.#generation += 1;
      this.#forgetOthers();
    }
    await Promise.all(this.all.map((connection) => connection.whenReady(withinMs)));
  }

  close(): void {
    for (const connection of this.#known.values()) connection.close();
  }

  async #find(ready: readonly RedisConnection[]): Promise<readonly RedisConnection[]> {
    const { shardKeys } = this.#options;
    const [first] = ready;
    if (first === undefined) throw unavailable('Redis is not connected.');
    const info = parseInfo(
      await first.send('INFO', ['cluster']).catch((error: unknown) => {
        // Who may not ask is told so by the handshake, which needs more of INFO than this.
        if (!first.isReady) throw error;
      }),
    );
    if (info.get('cluster_enabled') !== '1') return shardKeys.map(() => first);
    const view = await newestView(ready);
    this.#slots ??= await Promise.all(
      shardKeys.map(async (key) => Number(await view.send('CLUSTER', ['KEYSLOT', key]))),
    );
    const ranges = readSlots(await view.send('CLUSTER', ['SLOTS']));
    return this.#slots.map((slot, shard) => {
      const range = ranges.find(({ from, to }) => from <= slot && slot <= to);
      if (range === undefined)
        throw unavailable(`The Redis cluster has no server for shard ${shard}.`);
      return range.host === '' ? view : this.#connect(this.#urlOf(range));
    });
  }

  #urlOf({ host, port }: SlotRange): string {
    const url = new URL(this.#seeds[0] ?? '');
    url.hostname = host.includes(':') ? `[${host}]` : host;
    url.port = String(port);
    return url.href;
  }

  /** The connection to a server, which is the same however often it is asked for. */
  #connect(url: string): RedisConnection {
    const { host } = new URL(url);
    const known = this.#known.get(host);
    if (known !== undefined) return known;
    const { redis, commandTimeoutMs, onLost, onReady } = this.#options;
    const isUsed = (): boolean => this.#ofShard.length === 0 || this.#ofShard.includes(connection);
    const options: RedisConnectionOptions = {
      url,
      redis,
      commandTimeoutMs,
      onLost: (reason) => {
        if (isUsed()) onLost(reason);
      },
      onReady: () => {
        if (!isUsed()) return;
        this.#generation += 1;
        onReady?.();
      },
    };
    const connection = new RedisConnection(options);
    this.#known.set(host, connection);
    return connection;
  }

  /** Ends the connections to servers that have no shard any more; those given by the operator stay. */
  #forgetOthers(): void {
    const seeds = new Set(this.#seeds.map((url) => new URL(url).host));
    for (const [host, connection] of this.#known) {
      if (seeds.has(host) || this.#ofShard.includes(connection)) continue;
      connection.close();
      this.#known.delete(host);
    }
  }
}

/** Of several servers of a cluster the one that has heard of its last change; they may not all have. */
async function newestView(ready: readonly RedisConnection[]): Promise<RedisConnection> {
  const views = await Promise.all(
    ready.map(async (connection) => {
      const info = parseInfo(await connection.send('CLUSTER', ['INFO']).catch(() => undefined));
      return { connection, epoch: Number(info.get('cluster_current_epoch') ?? -1) };
    }),
  );
  const [newest] = views.toSorted((a, b) => b.epoch - a.epoch);
  assert(newest !== undefined, 'somebody was asked');
  return newest.connection;
}

/** Reads the answer to CLUSTER SLOTS: for each range its ends, and its servers, the primary first. */
function readSlots(reply: unknown): readonly SlotRange[] {
  if (!Array.isArray(reply))
    throw unavailable('The Redis cluster does not tell where its slots are.');
  return (reply as unknown[]).flatMap((entry) => {
    const [from, to, primary] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const [host, port] = Array.isArray(primary) ? (primary as unknown[]) : [];
    const range = {
      from: Number(from),
      to: Number(to),
      host: typeof host === 'string' && host !== '?' ? host : '',
      port: Number(port),
    };
    return [range.from, range.to, range.port].every(Number.isSafeInteger) ? [range] : [];
  });
}
