/** Verifying tokens: what a store is asked, for how long its answer counts, and what nobody can find out. */
import { tenantId } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { MemoryTokenStore } from '../../src/tokens/memory-token-store.ts';
import { makeServiceToken } from '../../src/tokens/service-token.ts';
import { TOKEN_CACHE_MS, TokenVerifier } from '../../src/tokens/token-verifier.ts';
import { ManualTime } from '../support/manual-time.ts';

const BOOTSTRAP_TOKEN = 'a-bootstrap-token-of-32-characters';

async function open(bootstrapToken?: string) {
  const time = new ManualTime();
  const store = new MemoryTokenStore();
  const asked: string[] = [];
  const find = store.find.bind(store);
  store.find = async (id) => {
    asked.push(id);
    return find(id);
  };
  const tenant = tenantId('acme');
  const { token, record } = makeServiceToken({
    tenant,
    name: 'test',
    scopes: ['meter', 'read'],
    nowMs: time.nowMs(),
  });
  await store.add(record);
  const verifier = new TokenVerifier({ store, clock: time, bootstrapToken });
  return { time, store, asked, token, record, verifier };
}

/** `token` with another last character, and so with another secret. */
function withWrongSecret(token: string): string {
  return `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
}

describe('a good token', () => {
  it('stands for its tenant and scopes', async () => {
    const { verifier, token, record } = await open();
    expect(await verifier.verify(token)).toEqual({
      tokenId: record.id,
      tenant: 'acme',
      scopes: ['meter', 'read'],
    });
  });

  it('is looked up once in a second, and by its public id only', async () => {
    const { verifier, token, record, asked, time } = await open();
    for (let call = 0; call < 50; call += 1) await verifier.verify(token);
    expect(asked).toEqual([record.id]);
    await time.advance(TOKEN_CACHE_MS + 1);
    await verifier.verify(token);
    expect(asked).toEqual([record.id, record.id]);
  });

  it('that is revoked is refused after a second at the latest', async () => {
    const { verifier, token, record, store, time } = await open();
    await verifier.verify(token);
    await store.revoke(record.id, time.nowMs());
    await time.advance(TOKEN_CACHE_MS + 1);
    expect(await verifier.verify(token)).toBeUndefined();
  });
});

describe('a wrong secret', () => {
  it('is refused, also while the right one is remembered', async () => {
    const { verifier, token } = await open();
    expect(await verifier.verify(token)).toBeDefined();
    expect(await verifier.verify(withWrongSecret(token))).toBeUndefined();
  });

  it('costs the store exactly what an unknown id does', async () => {
    const { verifier, token, asked } = await open();
    await verifier.verify(withWrongSecret(token));
    const wrongSecret = asked.splice(0).length;
    await verifier.verify(token.replace(/_[0-9a-f]{16}_/, '_0123456789abcdef_'));
    expect([wrongSecret, asked.length]).toEqual([1, 1]);
  });
});

describe('the bootstrap token', () => {
  it('is good for everything in the tenant default, and no store is asked', async () => {
    const { verifier, asked } = await open(BOOTSTRAP_TOKEN);
    expect(await verifier.verify(BOOTSTRAP_TOKEN)).toEqual({
      tokenId: 'bootstrap',
      tenant: 'default',
      scopes: ['meter', 'read', 'admin', 'operator'],
    });
    expect(asked).toEqual([]);
  });

  it('does not exist unless it was configured', async () => {
    const { verifier } = await open();
    expect(await verifier.verify(BOOTSTRAP_TOKEN)).toBeUndefined();
    expect(await verifier.verify('')).toBeUndefined();
    expect(await verifier.verify('undefined')).toBeUndefined();
  });

  it('has to be right in every character', async () => {
    const { verifier } = await open(BOOTSTRAP_TOKEN);
    expect(await verifier.verify(BOOTSTRAP_TOKEN.slice(0, -1))).toBeUndefined();
    expect(await verifier.verify(`${BOOTSTRAP_TOKEN} `)).toBeUndefined();
    expect(await verifier.verify(BOOTSTRAP_TOKEN.toUpperCase())).toBeUndefined();
  });
});
