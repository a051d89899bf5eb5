/** Envelopes: they open for their record under their ring, and in no other way. */
import { tenantId } from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewrap, ringKeyNameOf, seal, type Sealed, unseal } from '../../src/own-keys/envelope.ts';
import { KeyRing } from '../../src/own-keys/key-ring.ts';
import { ALICE, anyKey, ringOf } from './ring-for-test.ts';

const RING = ringOf('k1');
const RECORD: Sealed = { ...ALICE, id: '019a0000-0000-7000-8000-000000000001' };
const KEY = 'sk-proj-0123456789abcdefghijABCDEFGHIJ';

const UNAVAILABLE = expect.objectContaining({ code: 'own_key_unavailable' }) as Error;

const anyName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const anyRecord: fc.Arbitrary<Sealed> = fc.record({
  tenant: fc.constantFrom(tenantId('acme'), tenantId('acm'), tenantId('other')),
  user: anyName,
  provider: fc.constantFrom('openai', 'openai.', 'groq'),
  id: fc.uuid({ version: 7 }),
});

describe('an envelope', () => {
  it('opens with what was sealed in it, whatever the key and the record', () => {
    fc.assert(
      fc.property(anyRecord, anyKey, (record, key) => {
        const envelope = seal(RING, record, key);
        expect(unseal(RING, record, envelope)).toBe(key);
        expect(Buffer.from(envelope).includes(key)).toBe(false);
        expect(envelope.length).toBeLessThanOrEqual(1_024);
      }),
      { seed: 63 },
    );
  });

  it('is another one each time: no nonce and no data key is used twice', () => {
    const envelopes = Array.from({ length: 1_000 }, () => Buffer.from(seal(RING, RECORD, KEY)));
    const parts = envelopes.flatMap((envelope) => [
      envelope.toString('hex', 4, 16),
      envelope.toString('hex', 64, 76),
      envelope.toString('hex', 76),
    ]);
    expect(new Set(parts).size).toBe(3_000);
  });

  it('does not open when any single bit of it is flipped', () => {
    const envelope = seal(RING, RECORD, KEY);
    for (let bit = 0; bit < envelope.length * 8; bit += 1) {
      const flipped = Uint8Array.from(envelope);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => unseal(RING, RECORD, flipped), `bit ${bit}`).toThrow(UNAVAILABLE);
    }
  });

  it('does not open when it is cut, lengthened or made of nothing', () => {
    const envelope = seal(RING, RECORD, KEY);
    for (let length = 0; length < envelope.length; length += 1) {
      expect(() => unseal(RING, RECORD, envelope.subarray(0, length))).toThrow(UNAVAILABLE);
    }
    expect(() => unseal(RING, RECORD, Buffer.concat([envelope, Buffer.of(0)]))).toThrow(
      UNAVAILABLE,
    );
  });

  it('does not open for another tenant, user, provider or record', () => {
    fc.assert(
      fc.property(anyRecord, anyRecord, (record, other) => {
        const isSame = (['tenant', 'user', 'provider', 'id'] as const).every(
          (part) => record[part] === other[part],
        );
        fc.pre(!isSame);
        const envelope = seal(RING, record, KEY);
        expect(() => unseal(RING, other, envelope)).toThrow(UNAVAILABLE);
        expect(() => rewrap(RING, other, envelope)).toThrow(UNAVAILABLE);
      }),
      { seed: 64 },
    );
    const envelope = seal(RING, RECORD, KEY);
    for (const other of [
      { ...RECORD, tenant: tenantId('other') },
      { ...RECORD, user: 'bob' },
      { ...RECORD, provider: 'groq' },
      { ...RECORD, id: '019a0000-0000-7000-8000-000000000002' },
      // The same letters, divided otherwise.
      { ...RECORD, user: 'aliceopen', provider: 'ai' },
    ]) {
      expect(() => unseal(RING, other, envelope)).toThrow(UNAVAILABLE);
    }
  });

  it('does not take a wrapped data key or a ciphertext from another one', () => {
    const one = seal(RING, RECORD, KEY);
    const other = seal(RING, RECORD, KEY);
    const mixed = Buffer.concat([one.subarray(0, 64), other.subarray(64)]);
    expect(() => unseal(RING, RECORD, mixed)).toThrow(UNAVAILABLE);
  });
});

describe('a change of secrets', () => {
  it('keeps what was sealed before readable, and seals with the newest', () => {
    const before = seal(ringOf('k1'), RECORD, KEY);
    const during = ringOf('k2', 'k1');
    expect(unseal(during, RECORD, before)).toBe(KEY);
    const after = seal(during, RECORD, KEY);
    expect([ringKeyNameOf(before), ringKeyNameOf(after)]).toEqual(['k1', 'k2']);
    expect(unseal(ringOf('k2'), RECORD, after)).toBe(KEY);
  });

  it('wraps the data key anew and leaves the ciphertext alone; then the old secret can go', () => {
    const before = Buffer.from(seal(ringOf('k1'), RECORD, KEY));
    const after = Buffer.from(rewrap(ringOf('k2', 'k1'), RECORD, before));
    expect(unseal(ringOf('k2'), RECORD, after)).toBe(KEY);
    expect(after.subarray(64)).toEqual(before.subarray(64));
    expect(after.subarray(4, 64)).not.toEqual(before.subarray(4, 64));
    expect(() => unseal(ringOf('k1'), RECORD, after)).toThrow('the secret "k2"');
  });

  it('says which secret is missing', () => {
    const envelope = seal(ringOf('k1'), RECORD, KEY);
    expect(() => unseal(ringOf('k2'), RECORD, envelope)).toThrow('the secret "k1"');
  });

  it('does not open with another secret of the same name', () => {
    const envelope = seal(ringOf('k1'), RECORD, KEY);
    const other = KeyRing.parse(`k1:${Buffer.alloc(32, 9).toString('base64')}`);
    expect(() => unseal(other, RECORD, envelope)).toThrow('does not open');
  });
});
