/** Digests and hints: recognising a key without keeping it, and showing it without giving it away. */
import { tenantId } from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, isDigestOf } from '../../src/own-keys/key-digest.ts';
import { hintOf } from '../../src/own-keys/key-hint.ts';
import { ALICE, anyKey, ringOf } from './ring-for-test.ts';

const KEY = 'sk-proj-0123456789abcdefghij';
const RING = ringOf('k1');

describe.each([
  ['under a ring', RING],
  ['without a ring', undefined],
])('a digest %s', (_title, ring) => {
  it('is that of its key and of no other', async () => {
    const digest = await digestOf(ring, ALICE, KEY);
    expect(digest.bytes).toHaveLength(32);
    expect(await isDigestOf(ring, digest, ALICE, KEY)).toBe(true);
    for (const other of [`${KEY}x`, KEY.slice(1), KEY.toUpperCase()]) {
      expect(await isDigestOf(ring, digest, ALICE, other)).toBe(false);
    }
  });

  it('differs between tenants and providers, so that nobody sees who shares a key', async () => {
    const places = [ALICE, { ...ALICE, tenant: tenantId('other') }, { ...ALICE, provider: 'groq' }];
    const digests = await Promise.all(places.map((place) => digestOf(ring, place, KEY)));
    expect(new Set(digests.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(3);
  });

  it('of the wrong length is none', async () => {
    const digest = await digestOf(ring, ALICE, KEY);
    const cut = { ...digest, bytes: digest.bytes.subarray(1) };
    expect(await isDigestOf(ring, cut, ALICE, KEY)).toBe(false);
  });
});

it('a digest can be told as long as its secret is in the ring, and not after', async () => {
  const digest = await digestOf(RING, ALICE, KEY);
  expect(await isDigestOf(ringOf('k2', 'k1'), digest, ALICE, KEY)).toBe(true);
  expect(await isDigestOf(ringOf('k2'), digest, ALICE, KEY)).toBe(false);
  expect(await isDigestOf(undefined, digest, ALICE, KEY)).toBe(false);
});

it('two installations make different digests of the same key', async () => {
  const [one, other] = await Promise.all([
    digestOf(ringOf('k1'), ALICE, KEY),
    digestOf(ringOf('k2'), ALICE, KEY),
  ]);
  expect(one.bytes).not.toEqual(other.bytes);
});

describe('a hint', () => {
  it.each([
    ['sk-proj-0123456789abcdefghij', 'sk-…ghij'],
    ['gsk_0123456789abcdefghijABCD', 'gsk_…ABCD'],
    ['0123456789abcdefghijABCD', '…ABCD'],
    ['secret-0123456789abcdefghij', '…ghij'],
    ['sk-short-0123456789abcd', '…'],
    ['password', '…'],
  ])('of %s is %s', (key, hint) => {
    expect(hintOf(key)).toBe(hint);
  });

  it('never shows more than ten characters, and of a key under 24 characters none', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const shown = hintOf(key).replace('…', '').length;
        expect(shown).toBeLessThanOrEqual(key.length < 24 ? 0 : 10);
      }),
      { seed: 66 },
    );
  });
});
