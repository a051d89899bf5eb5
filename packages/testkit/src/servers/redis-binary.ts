/**
 * Finds a Redis that the tests can run.
 *
 * Redis runs as root too, so unlike PostgreSQL it runs as the user of this process, from wherever that user
 * can read. The distribution has the program in `redis-tools`: `redis-server` is a link of another package to
 * `redis-check-rdb` there, and the program takes its role from the name it is called by.
 */
import { join } from 'node:path';

import { environmentIn } from '../tools/distribution-package.ts';
import { findTool, type FoundTool, type Tool } from '../tools/tool.ts';

/** The first that keeps its append-only file in a folder, which restoring a snapshot relies on. */
const MAJOR_MIN = 7;

const REDIS: Tool = {
  what: `Redis ${MAJOR_MIN}.0 or newer`,
  variable: 'BURSAR_REDIS_BINARY',
  programs: ['redis-server', 'valkey-server'],
  install: 'apt install redis-server, brew install redis',
  package: {
    name: 'redis-tools',
    cacheName: 'redis',
    links: { 'redis-server': 'usr/bin/redis-check-rdb' },
  },
  placesIn: (root) => [{ file: join(root, 'redis-server'), args: [], env: environmentIn(root) }],
  versionIn(answer) {
    // `Redis server v=7.0.15 sha=…`, `Valkey server v=8.1.1 sha=…`.
    const [, version, major] = /server v=((\d+)\.\S+)/.exec(answer) ?? [];
    return Number(major) >= MAJOR_MIN ? version : undefined;
  },
};

/** The server's program, and the environment to run it in. */
export type RedisBinary = Pick<FoundTool, 'file' | 'env' | 'version'>;

/** See `findTool`. Throws an error that says how to get a Redis, when none runs. */
export function findRedisBinary(): Promise<RedisBinary> {
  return findTool(REDIS);
}
