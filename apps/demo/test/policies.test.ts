import { type Bursar, connect } from '@bursar/client';
import { createBursar } from '@bursar/server';
import { expect, onTestFinished, test } from 'vitest';
import { ForeignPolicies, putPolicies } from '../src/story/policies.ts';

const PRICE = { inputNanoUsdPerMillion: 2_500_000_000n, outputNanoUsdPerMillion: 10_000_000_000n };

async function openBursar(): Promise<Bursar> {
  const server = await createBursar({ store: { kind: 'memory' } });
  onTestFinished(() => server.close());
  return connect({ bursar: server });
}

const inRun = (run: string) => (name: string) => `${name}-${run}`;

test('the rules of the story take the place of those of an earlier run, and give everybody their plan', async () => {
  const bursar = await openBursar();
  await putPolicies(bursar, inRun('1'), PRICE);
  await putPolicies(bursar, inRun('2'), PRICE);
  const limitOf = async (budget: Parameters<typeof bursar.limits.get>[0]) =>
    (await bursar.limits.get(budget)).limitUsd;
  expect(await limitOf({ user: 'alice-2' })).toBe('0.10');
  expect(await limitOf({ user: 'bob-2' })).toBe('0.0025');
  expect(await limitOf({ user: 'carol-2' })).toBe('0.10');
  expect(await limitOf({ scope: { kind: 'org', name: 'acme-2' } })).toBe('0.09');
  const { problems } = await bursar.policies.get();
  expect(problems).toEqual([]);
});

test('policies that somebody else has put stay as they are', async () => {
  const bursar = await openBursar();
  const credit = { name: 'credit', on: { kind: 'user' }, limitUsd: '7.00' };
  const document = { version: 1, defaults: { budgets: [credit] } };
  await bursar.policies.put({ expectedVersion: 0, document });
  await expect(putPolicies(bursar, inRun('1'), PRICE)).rejects.toThrow(ForeignPolicies);
  expect((await bursar.policies.get()).document).toEqual(document);
});
