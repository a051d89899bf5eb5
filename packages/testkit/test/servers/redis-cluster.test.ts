import { afterAll, beforeAll, expect, it } from 'vitest';

import { type RedisCluster, startRedisCluster } from '../../src/servers/redis-cluster.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster({ hasReplicas: true });
});
afterAll(() => cluster?.stop());

it('shares the slots among its primaries, each of which refuses the keys of the others', async () => {
  const owners = await Promise.all(['{a}', '{b}', '{c}'].map((key) => cluster.ownerOf(key)));
  expect(new Set(owners).size).toBe(3);
  const [first, second] = owners;
  expect(await first?.cli('SET', '{a}', 'here')).toBe('OK');
  await expect(second?.cli('GET', '{a}')).rejects.toThrow(/^MOVED/);
});

it('moves a slot with what is in it', async () => {
  const from = await cluster.ownerOf('{0}');
  await from.cli('SET', '{0}moved', 'kept');
  const to = cluster.primaries.find((server) => server !== from);
  if (to === undefined) throw new Error('there are three');
  await cluster.moveSlotOf('{0}', to);
  expect(await cluster.ownerOf('{0}')).toBe(to);
  expect(await to.cli('GET', '{0}moved')).toBe('kept');
});

it('goes on with the replica of a primary that was killed', async () => {
  const dead = await cluster.ownerOf('{1}');
  await dead.cli('SET', '{1}', 'replicated');
  await dead.waitForReplicas();
  await cluster.failOver('{1}');
  const next = await cluster.ownerOf('{1}');
  expect(cluster.replicas).toContain(next);
  expect(await next.cli('GET', '{1}')).toBe('replicated');
});
