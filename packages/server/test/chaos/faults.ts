/** What is done to a running system, one at a time, each put right again before it returns. */
import type { ChaosServer, ChaosServers } from './chaos-servers.ts';

/** What a fault works with. */
export interface FaultScene {
  readonly chaos: ChaosServers;
  /** The server that it happens to. */
  readonly server: ChaosServer;
  /** How long it lasts, in milliseconds. */
  readonly forMs: number;
  readonly wait: (ms: number) => Promise<void>;
  /** A whole number below `bound`, from the campaign's seed. */
  readonly below: (bound: number) => number;
}

/** A kind of fault. */
export interface Fault {
  readonly name: string;
  /** Whether data of Redis are lost with it; a server is not killed right after. */
  readonly losesData: boolean;
  readonly happen: (scene: FaultScene) => Promise<void>;
}

const fault = (
  name: string,
  happen: (scene: FaultScene) => Promise<void>,
  losesData = false,
): Fault => ({ name, happen, losesData });

const link = (
  name: string,
  to: 'toRedis' | 'toPostgres',
  kind: 'cut' | 'blackhole' | 'dropReplies',
): Fault =>
  fault(name, async ({ server, forMs, wait }) => {
    await server[to][kind]();
    await wait(forMs);
    await server[to].heal();
  });

/** Every kind of fault of the campaign. */
export const FAULTS: readonly Fault[] = [
  fault(
    'Redis killed, comes back empty',
    async ({ chaos, forMs, wait }) => {
      await chaos.redis.kill();
      await wait(forMs);
      await chaos.redis.restart();
      await chaos.letIn(chaos.redis);
    },
    true,
  ),
  fault('Redis restarted with its data', async ({ chaos }) => {
    await chaos.redis.restoreSnapshot(await chaos.redis.saveSnapshot());
    await chaos.letIn(chaos.redis);
  }),
  fault(
    'Redis goes back to an old snapshot',
    async ({ chaos, forMs, wait }) => {
      const snapshot = await chaos.redis.saveSnapshot();
      await wait(forMs);
      await chaos.redis.restoreSnapshot(snapshot);
      await chaos.letIn(chaos.redis);
    },
    true,
  ),
  fault(
    'failover to a lagging replica',
    ({ chaos, forMs, wait }) => chaos.failOver(forMs, wait),
    true,
  ),
  fault('FLUSHALL', async ({ chaos }) => void (await chaos.redis.cli('FLUSHALL')), true),
  fault(
    'a copy is deleted',
    async ({ chaos, below }) => {
      const keys = await chaos.redis.cli('KEYS', 'bursar:*:usage:*');
      if (!Array.isArray(keys) || keys.length === 0) return;
      await chaos.redis.cli('DEL', String(keys[below(keys.length)]));
    },
    true,
  ),
  fault('CLIENT PAUSE', async ({ chaos, forMs, wait }) => {
    await chaos.redis.cli('CLIENT', 'PAUSE', String(forMs), 'ALL');
    await wait(forMs);
  }),
  fault('Redis stopped by SIGSTOP', async ({ chaos, forMs, wait }) => {
    chaos.redis.pause();
    await wait(forMs);
    chaos.redis.resume();
  }),
  fault('Redis out of memory', async ({ chaos, forMs, wait }) => {
    await chaos.redis.cli('CONFIG', 'SET', 'maxmemory', '1mb');
    await wait(forMs);
    await chaos.redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  }),
  fault('Redis slow: DEBUG SLEEP', async ({ chaos, forMs }) => {
    await chaos.redis.cli('DEBUG', 'SLEEP', String(forMs / 1_000));
  }),
  link('a server cut from Redis', 'toRedis', 'cut'),
  link('a server hears nothing from Redis and Redis nothing from it', 'toRedis', 'blackhole'),
  link('replies of Redis lost after the script ran', 'toRedis', 'dropReplies'),
  fault('a slow link to Redis', async ({ server, forMs, wait }) => {
    server.toRedis.delay(120);
    await wait(forMs);
    await server.toRedis.heal();
  }),
  fault('the link to Redis flaps', async ({ server, wait }) => {
    for (let turn = 0; turn < 5; turn += 1) {
      await server.toRedis.cut();
      await wait(300);
      await server.toRedis.heal();
      await wait(300);
    }
  }),
  link('a server cut from PostgreSQL', 'toPostgres', 'cut'),
  link('replies of PostgreSQL lost after the commit', 'toPostgres', 'dropReplies'),
  fault('PostgreSQL killed', async ({ chaos, forMs, wait }) => {
    await chaos.postgres.kill();
    await wait(forMs);
    await chaos.postgres.restart();
  }),
  // Its memory is one of the two places that carry an acknowledgement until the ledger has it.
  fault(
    'a server killed',
    async ({ chaos, server, forMs, wait }) => {
      await chaos.killServer(server);
      await wait(forMs);
      await chaos.startServer(server);
    },
    true,
  ),
  fault('a server stopped by SIGSTOP', async ({ server, forMs, wait }) => {
    server.process?.kill('SIGSTOP');
    await wait(forMs);
    server.process?.kill('SIGCONT');
  }),
];
