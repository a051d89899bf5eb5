/** Own keys as the service has them: registering, paying, opening, rejecting, revoking, renewing. */
import { BursarError, tenantId } from '@bursar/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyRing } from '../../src/own-keys/key-ring.ts';
import { BELIEVED_MS } from '../../src/own-keys/known-keys.ts';
import { MemoryOwnKeyStore } from '../../src/own-keys/memory-own-key-store.ts';
import { OwnKeys } from '../../src/own-keys/own-keys.ts';
import type { Renewal } from '../../src/own-keys/renew-own-keys.ts';
import { createLog } from '../../src/telemetry/logger.ts';
import { ManualTime } from '../support/manual-time.ts';
import { ALICE, anyKey, ringOf } from './ring-for-test.ts';

const KEY = 'sk-proj-canary_0123456789abcdefghij';
const OTHER_KEY = 'sk-proj-canary_ABCDEFGHIJ0123456789';

let time: ManualTime;
let store: MemoryOwnKeyStore;
let log: string;
beforeEach(() => {
  time = new ManualTime();
  store = new MemoryOwnKeyStore();
  log = '';
});

/** Own keys as a server with this ring has them. */
function ownKeysWith(ring: KeyRing | undefined): OwnKeys {
  return new OwnKeys({
    store,
    ring,
    time,
    log: createLog({ level: 'trace', destination: { write: (line) => void (log += line) } }),
  });
}

const payingWith = (ownKeys: OwnKeys) => ownKeys.paying(ALICE);
const envelope = async (): Promise<Uint8Array | null | undefined> =>
  (await store.live(ALICE))?.envelope;

describe('a key', () => {
  it('pays from when it is registered until it is revoked, and opens in between', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    expect(await payingWith(ownKeys)).toBeUndefined();
    expect(await ownKeys.standing(ALICE)).toEqual({ state: 'none' });
    const { id } = await ownKeys.register(ALICE, KEY);
    expect(await payingWith(ownKeys)).toBe(id);
    expect(await ownKeys.open(ALICE)).toEqual({ id, key: KEY });
    expect(await ownKeys.revoke(ALICE)).toBe(id);
    expect(await payingWith(ownKeys)).toBeUndefined();
    await expect(ownKeys.open(ALICE)).rejects.toMatchObject({ code: 'own_key_not_found' });
    expect(await ownKeys.revoke(ALICE)).toBeUndefined();
  });

  it('is the same whatever it is', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    await fc.assert(
      fc.asyncProperty(anyKey, async (key) => {
        const { hint } = await ownKeys.register(ALICE, key);
        expect((await ownKeys.open(ALICE)).key).toBe(key);
        expect(hint).not.toContain(key);
      }),
      { seed: 65 },
    );
  });

  it('is nobody else’s', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    await ownKeys.register(ALICE, KEY);
    for (const place of [
      { ...ALICE, tenant: tenantId('other') },
      { ...ALICE, user: 'bob' },
      { ...ALICE, provider: 'groq' },
    ]) {
      expect(await ownKeys.paying(place)).toBeUndefined();
      await expect(ownKeys.open(place)).rejects.toMatchObject({ code: 'own_key_not_found' });
    }
  });

  it('whose envelope was moved to another user does not open, and the log names it without a user', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    const { id } = await ownKeys.register(ALICE, KEY);
    const stolen = await envelope();
    const mallory = { ...ALICE, user: 'mallory' };
    const record = await ownKeys.register(mallory, 'sk-of-mallory-0123456789abcdef');
    await store.put({ ...record, id: `${id.slice(0, -1)}z`, envelope: stolen ?? null });
    ownKeys.close();
    await expect(ownKeysWith(ringOf('k1')).open(mallory)).rejects.toMatchObject({
      code: 'own_key_unavailable',
    });
    expect(log).toContain('does not open');
    expect(log).not.toContain('mallory');
  });
});

describe('registering', () => {
  it('the same key again changes nothing', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    const first = await ownKeys.register(ALICE, KEY);
    const sealed = await envelope();
    await time.advance(1_000);
    expect(await ownKeys.register(ALICE, KEY)).toEqual(first);
    expect(await envelope()).toBe(sealed);
  });

  it('another key takes the place of the first, of which nothing is left', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    const first = await ownKeys.register(ALICE, KEY);
    const second = await ownKeys.register(ALICE, OTHER_KEY);
    expect(await ownKeys.open(ALICE)).toEqual({ id: second.id, key: OTHER_KEY });
    const [tombstone] = await ownKeys.list({ all: true, limit: 1 });
    expect(tombstone).toMatchObject({ id: first.id, envelope: null, digest: null });
  });

  it('the same key after a change of secrets is still the same', async () => {
    const { id } = await ownKeysWith(ringOf('k1')).register(ALICE, KEY);
    expect(await ownKeysWith(ringOf('k2', 'k1')).register(ALICE, KEY)).toMatchObject({ id });
  });

  it('the same key, when its digest cannot be told any more, takes the place of itself', async () => {
    const { id } = await ownKeysWith(ringOf('k1')).register(ALICE, KEY);
    const ownKeys = ownKeysWith(ringOf('k2'));
    await expect(ownKeys.open(ALICE)).rejects.toThrow('the secret "k1"');
    expect((await ownKeys.register(ALICE, KEY)).id).not.toBe(id);
    expect((await ownKeys.open(ALICE)).key).toBe(KEY);
  });
});

describe('a rejected key', () => {
  it('pays nothing and does not open, until it is registered again', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    const { id } = await ownKeys.register(ALICE, KEY);
    expect(await ownKeys.markRejected(ALICE, id, 'no_credit')).toBe(true);
    expect(await payingWith(ownKeys)).toBeUndefined();
    expect(await ownKeys.standing(ALICE)).toEqual({ state: 'rejected', id, reason: 'no_credit' });
    await expect(ownKeys.open(ALICE)).rejects.toThrow("rejected the user's key (no_credit)");
    const { rejected } = (await store.live(ALICE)) ?? {};
    await time.advance(1_000);
    // Another call had it, too.
    const { last } = await store.changes(undefined);
    expect(await ownKeys.markRejected(ALICE, id, 'no_credit')).toBe(true);
    expect((await store.live(ALICE))?.rejected).toEqual(rejected);
    expect((await store.changes(undefined)).last).toBe(last);
    expect(await ownKeys.register(ALICE, KEY)).toMatchObject({ id, rejected: null });
    expect(await payingWith(ownKeys)).toBe(id);
  });

  it('is the one that was opened, not the one that was registered since', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    const { id: old } = await ownKeys.register(ALICE, KEY);
    const { id } = await ownKeys.register(ALICE, OTHER_KEY);
    expect(await ownKeys.markRejected(ALICE, old, 'invalid')).toBe(false);
    expect(await payingWith(ownKeys)).toBe(id);
  });
});

describe('without a ring', () => {
  it('a key pays and is not kept; opening it says what to configure', async () => {
    const ownKeys = ownKeysWith(undefined);
    const { id } = await ownKeys.register(ALICE, KEY);
    expect(await payingWith(ownKeys)).toBe(id);
    expect(await store.live(ALICE)).toMatchObject({ envelope: null, hint: 'sk-…ghij' });
    await expect(ownKeys.open(ALICE)).rejects.toMatchObject({
      code: 'own_key_unavailable',
      message: expect.stringContaining('Set BURSAR_OWN_KEY_SECRETS') as string,
    });
    expect(await ownKeys.register(ALICE, KEY)).toMatchObject({ id });
    expect(() => ownKeys.renew()).toThrow('Set BURSAR_OWN_KEY_SECRETS');
  });

  it('a key that was registered so is kept when it is registered again with one', async () => {
    await ownKeysWith(undefined).register(ALICE, KEY);
    const ownKeys = ownKeysWith(ringOf('k1'));
    await expect(ownKeys.open(ALICE)).rejects.toThrow('Register it again');
    await ownKeys.register(ALICE, KEY);
    expect((await ownKeys.open(ALICE)).key).toBe(KEY);
  });
});

describe('while the store is away', () => {
  it('who pays is known for half a minute and then nobody does, without an error; opening says why', async () => {
    const ownKeys = ownKeysWith(ringOf('k1'));
    const { id } = await ownKeys.register(ALICE, KEY);
    await payingWith(ownKeys);
    store.changes = store.live = async () => {
      throw new BursarError('store_unavailable', { message: 'away' });
    };
    await time.advance(BELIEVED_MS - 1_000);
    expect(await payingWith(ownKeys)).toBe(id);
    expect(await ownKeys.open(ALICE)).toEqual({ id, key: KEY });
    await time.advance(2_000);
    expect(await payingWith(ownKeys)).toBeUndefined();
    expect(await ownKeys.standing(ALICE)).toEqual({ state: 'unknown' });
    await expect(ownKeys.open(ALICE)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('a bug is not taken for an outage', async () => {
    const ownKeys = ownKeysWith(undefined);
    store.live = async () => {
      throw new TypeError('a bug');
    };
    await expect(payingWith(ownKeys)).rejects.toThrow('a bug');
  });
});

describe('renewing', () => {
  const users = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ ...ALICE, user: name }));

  async function registerAll(ring: KeyRing): Promise<void> {
    const ownKeys = ownKeysWith(ring);
    for (const place of users) await ownKeys.register(place, `${KEY}-${place.user}`);
  }

  async function stepsOf(renewal: AsyncGenerator<Renewal>): Promise<readonly Renewal[]> {
    const steps: Renewal[] = [];
    for await (const step of renewal) steps.push(step);
    return steps;
  }

  it('seals every key with the newest secret, so that the others can go', async () => {
    await registerAll(ringOf('k1'));
    const steps = await stepsOf(ownKeysWith(ringOf('k2', 'k1')).renew(2));
    expect(steps.map(({ seen, renewed }) => [seen, renewed])).toEqual([
      [2, 2],
      [4, 4],
      [5, 5],
    ]);
    const ownKeys = ownKeysWith(ringOf('k2'));
    for (const place of users) {
      expect((await ownKeys.open(place)).key).toBe(`${KEY}-${place.user}`);
      const { id } = (await store.live(place)) ?? {};
      // Recognised with the new secret alone.
      expect(await ownKeys.register(place, `${KEY}-${place.user}`)).toMatchObject({ id });
    }
  });

  it('goes on where it was ended, and does nothing a second time', async () => {
    await registerAll(ringOf('k1'));
    const ownKeys = ownKeysWith(ringOf('k2', 'k1'));
    for await (const _step of ownKeys.renew(2)) break;
    expect((await stepsOf(ownKeys.renew(2))).at(-1)).toMatchObject({ seen: 5, renewed: 3 });
    expect((await stepsOf(ownKeys.renew(5))).at(-1)).toMatchObject({ seen: 5, renewed: 0 });
  });

  it('leaves alone and names what does not open, and what is not kept', async () => {
    await registerAll(ringOf('lost'));
    const { id } = (await store.live(users[0] ?? ALICE)) ?? {};
    await ownKeysWith(undefined).register({ ...ALICE, user: 'unkept' }, KEY);
    await ownKeysWith(ringOf('k1')).register({ ...ALICE, user: 'good' }, KEY);
    const [step] = await stepsOf(ownKeysWith(ringOf('k2', 'k1')).renew());
    expect(step).toMatchObject({ seen: 7, renewed: 1 });
    expect(step?.unreadable).toHaveLength(5);
    expect(step?.unreadable).toContain(id);
  });

  it('leaves a key to whoever replaces it meanwhile', async () => {
    await registerAll(ringOf('k1'));
    const ownKeys = ownKeysWith(ringOf('k2', 'k1'));
    const reseal = store.reseal.bind(store);
    store.reseal = async (id, from, to) => {
      store.reseal = reseal;
      await ownKeys.register(users[0] ?? ALICE, OTHER_KEY);
      return reseal(id, from, to);
    };
    await stepsOf(ownKeys.renew());
    expect((await ownKeys.open(users[0] ?? ALICE)).key).toBe(OTHER_KEY);
  });
});

it('nothing of a key or a secret is ever logged', async () => {
  const ownKeys = ownKeysWith(ringOf('k1'));
  await ownKeys.register(ALICE, KEY);
  await ownKeysWith(ringOf('k2'))
    .open(ALICE)
    .catch(() => undefined);
  expect(log).toContain('does not open');
  expect(log).not.toContain('canary');
});
