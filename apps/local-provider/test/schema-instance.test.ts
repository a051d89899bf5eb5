import { expect, test } from 'vitest';
import { schemaInstance } from '../src/schema-instance.ts';

test.each([
  [{ type: 'string' }, 'word'],
  [{ type: 'string', minLength: 6 }, 'wordww'],
  [{ type: 'string', maxLength: 2 }, 'wo'],
  [{ type: 'string', format: 'date' }, '2026-01-01'],
  [{ type: 'integer' }, 0],
  [{ type: 'integer', exclusiveMinimum: 0 }, 1],
  [{ type: 'number', maximum: -2.5 }, -3],
  [{ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, 0.5],
  [{ type: 'boolean' }, false],
  [{ type: 'null' }, null],
  [{ type: ['null', 'string'] }, 'word'],
  [{ type: 'array', items: { type: 'string' } }, []],
  [{ type: 'array', items: { type: 'string' }, minItems: 1 }, ['word']],
  [{ enum: ['b', 'a'] }, 'b'],
  [{ const: 7 }, 7],
  [{ anyOf: [{ type: 'null' }, { type: 'integer' }] }, 0],
  [
    { type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a'] },
    { a: 'word' },
  ],
  [{ $ref: '#/$defs/a', $defs: { a: { type: 'integer' } } }, 0],
])('%j has the instance %j', (schema, instance) => {
  expect(schemaInstance(schema)).toEqual(instance);
});

test('a recursive schema ends where it may be null', () => {
  const node = {
    type: 'object',
    properties: { next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
    required: ['next'],
  };
  const instance = schemaInstance({ $ref: '#/$defs/node', $defs: { node } });
  expect(JSON.stringify(instance)).toMatch(/^(?:\{"next":)+null\}+$/);
});

test('a recursive schema that cannot end is refused', () => {
  const node = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
  expect(() => schemaInstance(node)).toThrow(/levels/);
});
