/** What servers have asked of a Redis that remembers every command, since it started. */
import type { RedisServer } from '@bursar/testkit';
import { expect } from 'vitest';

/** A command, in the order in which Redis got it. */
export interface RedisCommand {
  /** At most 32, each at most 128 characters long. */
  readonly words: readonly string[];
  /** Address and port of who sent it: one connection of one server. */
  readonly from: string;
}

/** How many scripts Redis has run since it started. */
export async function scriptsRun(redis: RedisServer): Promise<number> {
  const stats = String(await redis.cli('INFO', 'commandstats'));
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

/** Everything that servers have sent since Redis started, in order. */
export async function commandsSoFar(redis: RedisServer): Promise<readonly RedisCommand[]> {
  const entries = (await redis.cli('SLOWLOG', 'GET', '-1')) as readonly (readonly [
    id: number,
    atS: number,
    tookUs: number,
    words: readonly string[],
    from: string,
    name: string,
  ])[];
  return entries
    .toSorted(([a], [b]) => a - b)
    .map(([, , , words, from]) => ({ words, from }))
    .filter(({ from }) =>
      entries.some(([, , , , address, name]) => address === from && name === 'bursar'),
    );
}

/** What a connection is set up with, and what a probe asks before it adopts the data. */
const PROBING = /^(auth|hello|client|info|hmget|script)$/i;

/**
 * Until it has adopted the new data, which is what the one probe of an open breaker does, no server asks
 * anything that calls, journals or sweeps would ask.
 */
export function expectOnlyProbesFirst(
  commands: readonly RedisCommand[],
  { servers }: { readonly servers: number },
): void {
  const connections = Map.groupBy(commands, ({ from }) => from);
  expect(connections.size).toBeGreaterThanOrEqual(servers);
  for (const [from, own] of connections) {
    const first = own.findIndex(({ words: [name] }) => !PROBING.test(name ?? ''));
    expect(own[first]?.words ?? [], from).toSatisfy(isAdoption);
  }
}

/** The handshake's script: the only one with five keys, none of which is a user's. */
function isAdoption([name, _sha, keys, ...words]: readonly string[]): boolean {
  return name === 'EVALSHA' && keys === '5' && !words.some((word) => word.includes(':usage:'));
}
