import {
  accountId,
  accountParts,
  budgetId,
  budgetOf,
  MONTHLY_UTC,
  NAME_BYTES_MAX,
  nameProblem,
  periodAt,
  reservationId,
  tenantId,
  type InstantMs,
  type TenantId,
  utf8Bytes,
} from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const TENANT = 'acme' as TenantId;
const PERIOD = periodAt(MONTHLY_UTC, Date.UTC(2026, 10, 15) as InstantMs);
const name = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .filter((text) => nameProblem(text) === undefined);
const account = (user: string) => accountId(budgetId(TENANT, { kind: 'user', name: user }), PERIOD);

describe('ids', () => {
  it('gives two names the same account only if they are the same name', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(account(a) === account(b)).toBe(a === b);
      }),
      { seed: 3, numRuns: 2_000 },
    );
  });

  it('contains nothing but plain characters and gives the name back', () => {
    fc.assert(
      fc.property(name, (user) => {
        const id = account(user);
        expect(id).toMatch(/^acme\/user:[A-Za-z0-9_.@%-]+\/credit\/2026-11$/);
        expect(accountParts(id)).toEqual({
          tenant: TENANT,
          scope: { kind: 'user', name: user },
          budget: 'credit',
          period: '2026-11',
        });
        expect(budgetOf(id)).toBe(budgetId(TENANT, { kind: 'user', name: user }));
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });

  it('keeps apart what separators could confuse', () => {
    const other = budgetId(TENANT, { kind: 'team', name: 'a' });
    expect(
      new Set([
        account('a/credit'),
        account('a%2Fcredit'),
        account('a:credit'),
        account('{a}'),
        `${other}/2026-11`,
      ]).size,
    ).toBe(5);
  });

  it.each([
    ['empty', '', 'empty'],
    ['too long', 'a'.repeat(10_000), `${NAME_BYTES_MAX} bytes`],
    ['too long in bytes', '€'.repeat(100), `${NAME_BYTES_MAX} bytes`],
    ['a lone surrogate', 'a\uD800b', 'surrogates'],
    ['a control character', 'a\u0000b', 'control'],
    ['a line break', 'a\nb', 'control'],
    ['text that reorders', 'a\u202Eb', 'control'],
    ['outer blanks', ' a', 'white space'],
    ['__proto__', '__proto__', 'reserved word'],
    ['constructor', 'constructor', 'reserved word'],
  ])('refuses a name that is %s', (_title, raw, problem) => {
    expect(nameProblem(raw)).toContain(problem);
    expect(() => account(raw)).toThrow(problem);
  });

  it('counts bytes as UTF-8 does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });

  it('takes UUIDs in lower case as reservations, and nothing else', () => {
    expect(reservationId(TENANT, '019a0000-0000-7000-8000-00000000000a')).toBe(
      'acme/019a0000-0000-7000-8000-00000000000a',
    );
    for (const raw of [
      '',
      'x',
      '019A0000-0000-7000-8000-00000000000A',
      '019a0000-0000-7000-8000-00000000000a/',
      `019a0000-0000-7000-8000-00000000000a\n`,
    ]) {
      expect(() => reservationId(TENANT, raw)).toThrow('UUID');
    }
  });

  it('takes plain words as tenants', () => {
    expect(tenantId('acme-1_x')).toBe('acme-1_x');
    for (const raw of ['', 'Acme', 'a/b', 'ä', '-a', 'a'.repeat(64)])
      expect(() => tenantId(raw)).toThrow('tenant');
  });
});
