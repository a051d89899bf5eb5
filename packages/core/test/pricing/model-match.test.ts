import { describe, expect, test } from 'vitest';
import { matches, type ModelPattern } from '../../src/pricing/model-match.ts';

describe('matches', () => {
  test.each<[ModelPattern, string, boolean]>([
    [{ equals: 'a' }, 'a', true],
    [{ equals: 'a' }, 'ab', false],
    [{ startsWith: 'a' }, 'ab', true],
    [{ endsWith: 'b' }, 'ab', true],
    [{ contains: 'x' }, 'ab', false],
    [{ dated: 'gpt-5.6' }, 'gpt-5.6-2026-07-09', true],
    [{ dated: 'gpt-5.6' }, 'gpt-5.6', false],
    [{ dated: 'gpt-5.6' }, 'gpt-5x6-2026-07-09', false],
    [{ dated: 'gpt-5.6' }, 'gpt-5.6-sol-2026-07-09', false],
    [{ anyOf: [] }, 'a', false],
    [{ allOf: [] }, 'a', true],
    [{ anyOf: [{ equals: 'a' }, { equals: 'b' }] }, 'b', true],
    [
      { allOf: [{ startsWith: 'a' }, { anyOf: [{ endsWith: 'y' }, { endsWith: 'z' }] }] },
      'abz',
      true,
    ],
    [{ allOf: [{ startsWith: 'a' }, { endsWith: 'y' }] }, 'abz', false],
  ])('%j for %s is %s', (pattern, model, expected) => {
    expect(matches(pattern, model)).toBe(expected);
  });
});
