/** Service tokens: how they are made, kept and compared. */
import { instant, tenantId } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import {
  digestOf,
  digestsMatch,
  makeServiceToken,
  parseServiceToken,
} from '../../src/tokens/service-token.ts';

const make = () =>
  makeServiceToken({
    tenant: tenantId('acme'),
    name: 'test',
    scopes: ['meter'],
    nowMs: instant(1_000),
  });

describe('a token', () => {
  it('has a public id, and a secret of 256 bits that no two tokens share', () => {
    const tokens = Array.from({ length: 1_000 }, () => parseServiceToken(make().token));
    expect(new Set(tokens.map((parts) => parts?.id)).size).toBe(1_000);
    expect(new Set(tokens.map((parts) => parts?.secret)).size).toBe(1_000);
    for (const parts of tokens) {
      expect(Buffer.from(parts?.secret ?? '', 'base64url')).toHaveLength(32);
    }
  });

  it('is kept as the SHA-256 of its secret, from which it cannot be read', () => {
    const { token, record } = make();
    const { id = '', secret = '' } = parseServiceToken(token) ?? {};
    expect(record).toMatchObject({ id, tenant: 'acme', scopes: ['meter'], revokedAtMs: null });
    expect(Buffer.from(record.secretHash)).toEqual(Buffer.from(digestOf(secret)));
    expect(record.secretHash).toHaveLength(32);
    const kept = JSON.stringify(record) + Buffer.from(record.secretHash).toString('latin1');
    expect(kept).not.toContain(secret);
  });

  it.each([
    '',
    'bk_live_',
    'bk_live_0123456789abcdef',
    'bk_live_0123456789abcdef_short',
    'bk_test_0123456789abcdef_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'bk_live_0123456789ABCDEF_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    ' bk_live_0123456789abcdef_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'bk_live_0123456789abcdef_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n',
    'bk_live_0123456789abcdef_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ])('is not what "%s" is', (text) => {
    expect(parseServiceToken(text)).toBeUndefined();
  });
});

describe('digests', () => {
  it('match only when they are equal in every bit', () => {
    const digest = digestOf('secret');
    expect(digestsMatch(digest, digestOf('secret'))).toBe(true);
    for (let bit = 0; bit < 256; bit += 1) {
      const other = Uint8Array.from(digest);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(digestsMatch(digest, other)).toBe(false);
    }
    expect(digestsMatch(digest, digest.slice(0, 31))).toBe(false);
  });
});
