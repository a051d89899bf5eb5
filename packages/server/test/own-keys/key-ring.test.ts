/** The key ring: what it is read from, and that it never shows what it holds. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KeyRing, secretTextsIn } from '../../src/own-keys/key-ring.ts';
import { ringOf, ringTextOf, secretNamed } from './ring-for-test.ts';

const SECRET = Buffer.alloc(32, 7).toString('base64');

describe('a ring', () => {
  it('seals with its first secret and finds all of them', () => {
    const ring = ringOf('k3', 'k2', 'k1');
    expect(ring.newest.name).toBe('k3');
    for (const name of ['k3', 'k2', 'k1']) expect(ring.find(name)?.name).toBe(name);
    expect(ring.find('k4')).toBeUndefined();
    expect(ring.find('constructor')).toBeUndefined();
  });

  it('derives another key for each purpose and each secret', () => {
    const ring = ringOf('k2', 'k1');
    const keys = [ring.newest, ring.find('k1')].flatMap((key) => [
      key?.wrapping.export().toString('hex'),
      key?.recognising.export().toString('hex'),
    ]);
    expect(new Set(keys).size).toBe(4);
    expect(keys).not.toContain(Buffer.from('k2'.padEnd(32, '.')).toString('hex'));
  });

  it('shows no secret when it is printed or made into JSON', () => {
    const ring = KeyRing.parse(`k1:${SECRET}`);
    const shown = `${inspect(ring, { depth: 9, showHidden: true })}${JSON.stringify(ring)}`;
    const derived = ring.newest.wrapping.export();
    for (const encoding of ['hex', 'base64'] as const) {
      expect(shown).not.toContain(derived.toString(encoding));
      expect(shown).not.toContain(Buffer.from(SECRET, 'base64').toString(encoding));
    }
  });

  it('knows its secrets as texts, for logs to leave out', () => {
    const texts = secretTextsIn(ringTextOf('k2', 'k1'));
    expect(texts).toEqual(['k2', 'k1'].map((name) => secretNamed(name).slice(3)));
  });
});

describe('no ring', () => {
  it.each([
    ['nothing', ''],
    ['a secret without a name', SECRET],
    ['an empty name', `:${SECRET}`],
    ['a name in capitals', `K1:${SECRET}`],
    ['a name that is too long', `${'k'.repeat(33)}:${SECRET}`],
    ['a short secret', `k1:${Buffer.alloc(31, 7).toString('base64')}`],
    ['a long secret', `k1:${Buffer.alloc(33, 7).toString('base64')}`],
    ['a secret in hex', `k1:${Buffer.alloc(32, 7).toString('hex')}`],
    ['a secret without its padding', `k1:${SECRET.slice(0, -1)}`],
    ['rubbish behind the secret', `k1:${SECRET}:${SECRET}`],
    ['one name twice', `k1:${SECRET},k1:${SECRET}`],
    ['an empty entry', `k1:${SECRET},`],
    ['nine secrets', ringTextOf('1', '2', '3', '4', '5', '6', '7', '8', '9')],
  ])('is %s, and the refusal says how to write one without showing any', (_title, text) => {
    const parse = () => KeyRing.parse(text, 'ring');
    expect(parse).toThrow('openssl rand -base64 32');
    try {
      parse();
    } catch (error) {
      expect(error).toMatchObject({ code: 'input_invalid', field: 'ring' });
      const shown = inspect(error);
      expect(shown).not.toContain(SECRET.slice(0, 12));
      expect(shown).not.toContain('0707');
    }
  });
});
