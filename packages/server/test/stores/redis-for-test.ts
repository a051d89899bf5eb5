/** A Redis for a test file, and copies in it under a prefix of their own. */
import type { Clock } from '@bursar/core';
import { type RedisServer, startRedis } from '@bursar/testkit';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { RedisCopies, type RedisCopiesOptions } from '../../src/stores/redis/redis-copies.ts';

let prefixes = 0;

/** What a test gets. */
export interface RedisForTest {
  readonly server: RedisServer;
  /** Copies that are adopted under incarnation 1, on an empty prefix. */
  open(options?: Partial<RedisCopiesOptions> & { clock?: Clock }): Promise<RedisCopies>;
  /** Before the end of the test, for tests that open very many. */
  close(copies: RedisCopies): Promise<void>;
}

/** Starts a Redis before the tests of this file and stops it after them. */
export function redisForTest(config: Readonly<Record<string, string>> = {}): RedisForTest {
  let server: RedisServer | undefined;
  const opened = new Set<RedisCopies>();
  beforeAll(async () => {
    server = await startRedis({ config });
  });
  afterEach(async () => {
    for (const copies of opened) await copies.close();
    opened.clear();
  });
  afterAll(() => server?.stop());
  return {
    get server() {
      if (server === undefined) throw new Error('the server is not started yet');
      return server;
    },
    async open(options = {}) {
      if (server === undefined) throw new Error('the server is not started yet');
      prefixes += 1;
      const copies = new RedisCopies({ url: server.url, prefix: `test-${prefixes}`, ...options });
      opened.add(copies);
      await adoptAs(copies, 1);
      return copies;
    },
    async close(copies) {
      opened.delete(copies);
      await copies.close();
    },
  };
}

/** The handshake, as whoever registers incarnations would make it. */
export async function adoptAs(copies: RedisCopies, incarnation: number): Promise<boolean> {
  const { lineage } = await copies.inspect();
  return copies.adopt(incarnation, lineage);
}
