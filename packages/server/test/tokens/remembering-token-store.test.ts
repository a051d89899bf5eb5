/** Tokens while their store is away: whom it was seen to know is let in for a while, and nobody else. */
import { BursarError, tenantId } from '@bursar/core';
import { beforeEach, expect, it } from 'vitest';
import { MemoryTokenStore } from '../../src/tokens/memory-token-store.ts';
import {
  ASK_AGAIN_MS,
  PATIENCE_MS,
  REMEMBERED_MS,
  RememberingTokenStore,
} from '../../src/tokens/remembering-token-store.ts';
import { makeServiceToken } from '../../src/tokens/service-token.ts';
import type { TokenRecord } from '../../src/tokens/token-store.ts';
import { ManualTime, settled } from '../support/manual-time.ts';

let time: ManualTime;
let store: MemoryTokenStore;
let remembering: RememberingTokenStore;
let record: TokenRecord;
let asked: number;
let is: 'there' | 'away' | 'silent';
beforeEach(async () => {
  time = new ManualTime();
  store = new MemoryTokenStore();
  asked = 0;
  is = 'there';
  const find = store.find.bind(store);
  store.find = async (id) => {
    asked += 1;
    if (is === 'away') throw new BursarError('store_unavailable', { message: 'away' });
    if (is === 'silent') return new Promise(() => {});
    return find(id);
  };
  remembering = new RememberingTokenStore(store, time);
  ({ record } = makeServiceToken({
    tenant: tenantId('acme'),
    name: 'test',
    scopes: ['meter'],
    nowMs: time.nowMs(),
  }));
  await remembering.add(record);
});

it('asks the store every time while it answers: a revoked token is known at once', async () => {
  expect(await remembering.find(record.id)).toEqual(record);
  await store.revoke(record.id, time.nowMs());
  expect(await remembering.find(record.id)).toMatchObject({ revokedAtMs: time.nowMs() });
  is = 'away';
  expect(await remembering.find(record.id)).toMatchObject({ revokedAtMs: time.nowMs() });
});

it('believes what it saw for an hour without the store, and no longer', async () => {
  await remembering.find(record.id);
  is = 'away';
  await time.advance(REMEMBERED_MS);
  expect(await remembering.find(record.id)).toEqual(record);
  await time.advance(1);
  await expect(remembering.find(record.id)).rejects.toMatchObject({ code: 'store_unavailable' });
});

it('leaves a store that fails alone for a second, and asks nothing meanwhile', async () => {
  await remembering.find(record.id);
  is = 'away';
  for (let call = 0; call < 20; call += 1) await remembering.find(record.id);
  expect(asked).toBe(2);
  await time.advance(ASK_AGAIN_MS);
  await remembering.find(record.id);
  expect(asked).toBe(3);
});

it('waits for a silent store no longer than a second', async () => {
  await remembering.find(record.id);
  is = 'silent';
  const found = remembering.find(record.id);
  await settled();
  await time.advance(PATIENCE_MS);
  expect(await found).toEqual(record);
});

it('knows nobody whom the store does not, and nobody whom it was told to forget', async () => {
  expect(await remembering.find('0123456789abcdef')).toBeUndefined();
  await remembering.find(record.id);
  expect(await remembering.list()).toEqual([record]);
  expect(await remembering.revoke(record.id, time.nowMs())).toBe(true);
  is = 'away';
  for (const id of ['0123456789abcdef', record.id]) {
    await expect(remembering.find(id)).rejects.toMatchObject({ code: 'store_unavailable' });
  }
});
