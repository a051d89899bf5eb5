import fc from 'fast-check';
import { USAGE_CLASS_NAMES } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { quickReader, UNSURE } from '../src/quick-parse.ts';
import { extendInput } from '../src/schemas/extend.ts';
import { setLimitInput } from '../src/schemas/limits.ts';
import { releaseInput } from '../src/schemas/release.ts';
import { reserveInput } from '../src/schemas/reserve.ts';
import { settleInput } from '../src/schemas/settle.ts';

const reservation = '019a0000-0000-7000-8000-000000000001';
const CALL = { user: 'alice', model: 'gpt-4o', scopes: { org: 'acme', team: ['a', 'b'] } };
/** Messages with every field that they can have together. */
const GOOD: readonly (readonly [string, z.ZodType, object])[] = [
  [
    'reserve',
    reserveInput,
    {
      ttlMs: 5_000,
      anonymous: false,
      mayUseOwnKey: true,
      clamp: {},
      estimate: {
        outputTokensMax: 5,
        inputTokens: 10,
        audio: true,
        longCache: false,
        serviceTier: 'flex',
        many: { calls: 2, inputTokensMax: 5 },
        otherUnits: { requests: 1 },
      },
      ...CALL,
      provider: 'openai',
      reservation,
    },
  ],
  ['reserve of an amount', reserveInput, { reservation, user: 'ü', model: 'm', amountUsd: '0.10' }],
  [
    'settle',
    settleInput,
    {
      call: { ...CALL, ownKey: '0b5a2a0e-9f3e-4f1e-8a55-0d6a3c6a9a11' },
      usage: Object.fromEntries(USAGE_CLASS_NAMES.map((name) => [name, 1])),
      reservation,
      final: false,
      ack: 'ledger',
      basis: 'counted',
      units: 3,
      serviceTier: 'standard',
      model: 'gpt-4o-2024',
    },
  ],
  [
    'settle of a batch',
    settleInput,
    {
      reservation,
      batch: [{ calls: 1, inputTokensMax: 1, usage: { inputTokens: 1 } }],
    },
  ],
  ['extend', extendInput, { reservation, dispatched: true, ttlMs: 5_000 }],
  ['release', releaseInput, { reservation }],
  ['a limit', setLimitInput, { user: 'alice', limitUsd: '5' }],
];

/** What a field, or a message, may be instead of what it should be. */
const odd = fc.oneof(
  fc.constantFrom(undefined, null, '', 'x', ' ', '5', 0, -1, 1, 1.5, Number.NaN, 2 ** 60, true),
  fc.constantFrom({}, [], ['a'], { calls: 1 }, { inputTokens: 1 }, new Date(0)),
  fc.jsonValue(),
);

/** Where something is to be changed: the names on the way, and by what; nothing at all to leave it out. */
interface Change {
  readonly at: readonly number[];
  readonly to: unknown;
  readonly how: 'replace' | 'omit' | 'add' | 'inherit';
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }),
  to: odd,
  how: fc.constantFrom('replace', 'replace', 'omit', 'add', 'inherit'),
});

function changed(message: unknown, { at, to, how }: Change): unknown {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return to;
  const names = Object.keys(message);
  const [index = 0, ...rest] = at;
  const name = names[index % Math.max(1, names.length)] ?? 'more';
  const fields = message as Record<string, unknown>;
  if (rest.length > 0 && typeof fields[name] === 'object') {
    return { ...fields, [name]: changed(fields[name], { at: rest, to, how }) };
  }
  if (how === 'add') return { ...fields, [`${name}x`]: to };
  if (how === 'inherit') return Object.assign(Object.create({ [name]: to }) as object, fields);
  const { [name]: _gone, ...others } = fields;
  return how === 'omit' ? others : { ...others, [name]: to };
}

describe('reading a message quickly', () => {
  it.each(GOOD)(
    'takes %s as zod does, field by field and in the same order',
    (_name, schema, good) => {
      const read = quickReader(schema)(good);
      expect(read).not.toBe(UNSURE);
      expect(read).toStrictEqual(schema.parse(good));
      expect(JSON.stringify(read)).toBe(JSON.stringify(schema.parse(good)));
    },
  );

  it.each(GOOD)('never says of a spoilt %s what zod would not', (_name, schema, good) => {
    const read = quickReader(schema);
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const message = changes.reduce<unknown>(changed, good);
        const quick = read(message);
        if (quick === UNSURE) return;
        const slow = schema.safeParse(message);
        expect(slow.success).toBe(true);
        expect(quick).toStrictEqual(slow.data);
        expect(JSON.stringify(quick)).toBe(JSON.stringify(slow.data));
      }),
      { numRuns: 500 },
    );
  });

  it('leaves to zod what it does not know', () => {
    const loose = quickReader(z.object({ a: z.string().optional() }));
    expect(loose({ a: 'x', b: 1 })).toStrictEqual({ a: 'x' });
    const ofDefault = quickReader(z.strictObject({ a: z.string().default('x').optional() }));
    expect(ofDefault({})).toBe(UNSURE);
    expect(quickReader(z.strictObject({ a: z.string().optional() }))([])).toBe(UNSURE);
    const poisonous: unknown = JSON.parse('{"__proto__": {"reservation": "x"}}');
    expect(quickReader(releaseInput)(poisonous)).toBe(UNSURE);
  });
});
