/**
 * A real Redis Cluster for tests: primaries that share the slots, each with a replica if wanted, and the
 * accidents that happen to one: a primary that dies and is replaced, slots that move while keys are in use.
 *
 * What it decides: who has which slots at the start. What it does not: keys; every test names its own.
 */
import { setTimeout as pause } from 'node:timers/promises';

import { randomPort } from './random-port.ts';
import type { RedisReply } from './redis-command.ts';
import { type RedisOptions, type RedisServer, startRedis } from './redis-server.ts';

const SLOTS = 16_384;
/** After this long without a word a server counts as dead. */
const NODE_TIMEOUT_MS = 1_000;
const READY_WITHIN_MS = 30_000;
const POLL_MS = 50;
/** Keys that move with one command. */
const KEYS_AT_ONCE = 100;

/** A cluster whose servers listen on 127.0.0.1 alone and share one password. */
export interface RedisCluster {
  /** In the order of their slots. */
  readonly primaries: readonly RedisServer[];
  /** Of each primary its replica; empty unless asked for. */
  readonly replicas: readonly RedisServer[];
  /** The URL of the first primary. */
  readonly url: string;
  /** The URLs of all primaries, with commas between. */
  readonly urls: string;
  /** The primary that the cluster says a key belongs to. */
  ownerOf(key: string): Promise<RedisServer>;
  /** Moves the slot of `key` with everything in it, one batch of keys after the other, while it is in use. */
  moveSlotOf(key: string, to: RedisServer): Promise<void>;
  /** Kills the primary of `key` and resolves when its replica serves instead. */
  failOver(key: string): Promise<void>;
  /** Ends all servers and removes their data. Harmless when repeated. */
  stop(): Promise<void>;
}

/** Starts a cluster; takes about two seconds. */
export async function startRedisCluster({
  primaries: count = 3,
  hasReplicas = false,
}: {
  readonly primaries?: number;
  readonly hasReplicas?: boolean;
} = {}): Promise<RedisCluster> {
  const [first, ...others] = await startAll(count * (hasReplicas ? 2 : 1));
  if (first === undefined) throw new Error('A cluster has at least one primary.');
  const servers = [first, ...others];
  const primaries = servers.slice(0, count);
  const replicas = servers.slice(count);
  const serverAt = (port: number): RedisServer => {
    const found = servers.find((server) => server.port === port);
    if (found === undefined)
      throw new Error(`The cluster names an unknown server of port ${port}.`);
    return found;
  };
  const living = async (): Promise<readonly RedisServer[]> => {
    const isUp = await Promise.all(servers.map((server) => answers(server)));
    return servers.filter((_, index) => isUp[index]);
  };

  try {
    await Promise.all(
      primaries.map((server, index) =>
        server.cli(
          'CLUSTER',
          'ADDSLOTSRANGE',
          String(Math.floor((index * SLOTS) / count)),
          String(Math.floor(((index + 1) * SLOTS) / count) - 1),
        ),
      ),
    );
    for (const [index, server] of servers.entries()) {
      await server.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    }
    for (const { port, busPort } of others) {
      await first.cli('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort));
    }
    await until('everybody knows everybody', async () => {
      const known = await Promise.all(
        servers.map((server) => infoOf(server, 'cluster_known_nodes')),
      );
      return known.every((nodes) => Number(nodes) === servers.length);
    });
    for (const [index, replica] of replicas.entries()) {
      const id = String(await primaries[index]?.cli('CLUSTER', 'MYID'));
      await replica.cli('CLUSTER', 'REPLICATE', id);
    }
    await until('every server serves', async () => {
      const states = await Promise.all(servers.map((server) => infoOf(server, 'cluster_state')));
      return states.every((state) => state === 'ok');
    });
    await Promise.all(
      replicas.map((replica) =>
        until('a replica has its data', async () =>
          String(await replica.cli('INFO', 'replication')).includes('master_link_status:up'),
        ),
      ),
    );
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }

  async function ownerOf(key: string): Promise<RedisServer> {
    const [asked] = await living();
    if (asked === undefined) throw new Error('No server of the cluster runs.');
    const slot = Number(await asked.cli('CLUSTER', 'KEYSLOT', key));
    for (const range of (await asked.cli('CLUSTER', 'SLOTS')) as readonly RedisReply[]) {
      const [from, to, [, port]] = range as [number, number, [string, number]];
      if (from <= slot && slot <= to) return serverAt(port);
    }
    throw new Error(`Nobody has the slot ${slot}.`);
  }

  async function moveSlotOf(key: string, to: RedisServer): Promise<void> {
    const from = await ownerOf(key);
    if (from === to) return;
    const slot = String(await from.cli('CLUSTER', 'KEYSLOT', key));
    const [fromId, toId] = await Promise.all(
      [from, to].map(async (server) => String(await server.cli('CLUSTER', 'MYID'))),
    );
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
    for (;;) {
      const keys = (await from.cli(
        'CLUSTER',
        'GETKEYSINSLOT',
        slot,
        String(KEYS_AT_ONCE),
      )) as string[];
      if (keys.length === 0) break;
      const address = ['127.0.0.1', String(to.port), '', '0', '5000'];
      await from.cli('MIGRATE', ...address, 'AUTH', to.password, 'KEYS', ...keys);
    }
    // The new owner first, so that there is one at every moment.
    for (const server of [to, from, ...(await living())]) {
      const isPrimary = String(await server.cli('INFO', 'replication')).includes('role:master');
      if (isPrimary) await server.cli('CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
    }
  }

  return {
    primaries,
    replicas,
    url: first.url,
    urls: primaries.map(({ url }) => url).join(','),
    ownerOf,
    moveSlotOf,
    async failOver(key) {
      const dead = await ownerOf(key);
      await dead.kill();
      await until('the replica serves instead', async () => {
        const owner = await ownerOf(key);
        return owner !== dead && (await infoOf(owner, 'cluster_state')) === 'ok';
      });
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

interface ClusterServer extends RedisServer {
  readonly busPort: number;
}

async function startAll(count: number): Promise<ClusterServer[]> {
  // Replicas sign in to primaries, so all have the password of the first.
  const servers: ClusterServer[] = [];
  let password: string | undefined;
  for (let index = 0; index < count; index += 1) {
    const busPort = randomPort();
    const options: RedisOptions = {
      ...(password === undefined ? {} : { password }),
      config: {
        'cluster-enabled': 'yes',
        'cluster-config-file': 'nodes.conf',
        'cluster-node-timeout': String(NODE_TIMEOUT_MS),
        'cluster-port': String(busPort),
        'cluster-announce-ip': '127.0.0.1',
        'cluster-replica-validity-factor': '0',
      },
    };
    const server = await startRedis(options);
    ({ password } = server);
    await server.cli('CONFIG', 'SET', 'masterauth', server.password);
    servers.push(Object.assign(server, { busPort }));
  }
  return servers;
}

async function answers(server: RedisServer): Promise<boolean> {
  try {
    return (await server.cli('PING')) === 'PONG';
  } catch {
    return false;
  }
}

/** One field of `CLUSTER INFO`. */
async function infoOf(server: RedisServer, field: string): Promise<string | undefined> {
  const text = String(await server.cli('CLUSTER', 'INFO'));
  return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(text)?.[1];
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline)
      throw new Error(`The cluster was not ready in time: ${what}.`);
    await pause(POLL_MS);
  }
}
