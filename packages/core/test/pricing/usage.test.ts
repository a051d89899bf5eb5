import { describe, expect, test } from 'vitest';
import {
  addUsage,
  checkUsage,
  totalInputTokens,
  totalOutputTokens,
  UNITS_MAX,
} from '../../src/pricing/usage.ts';
import { USAGE_CLASS_NAMES, USAGE_CLASSES } from '../../src/pricing/usage-class.ts';

describe('checkUsage', () => {
  test('keeps what was used and drops zeros', () => {
    expect(checkUsage({ inputTokens: 5, outputTokens: 0, webSearchCalls: 1 })).toEqual({
      inputTokens: 5,
      webSearchCalls: 1,
    });
    expect(checkUsage({ inputTokens: UNITS_MAX })).toEqual({ inputTokens: UNITS_MAX });
    expect(checkUsage({ inputTokens: undefined, outputTokens: -0 })).toEqual({});
  });

  test.each([
    [null, 'usage'],
    [[], 'usage'],
    ['many', 'usage'],
    [{ inputTokens: -1 }, 'usage.inputTokens'],
    [{ inputTokens: 0.5 }, 'usage.inputTokens'],
    [{ inputTokens: Infinity }, 'usage.inputTokens'],
    [{ inputTokens: '5' }, 'usage.inputTokens'],
    [{ inputTokens: UNITS_MAX + 1 }, 'usage.inputTokens'],
    [{ prompt_tokens: 5 }, 'usage.prompt_tokens'],
    [JSON.parse('{"__proto__": 5}'), 'usage.__proto__'],
  ])('refuses %j, naming the field', (value, field) => {
    expect(() => checkUsage(value)).toThrow(
      expect.objectContaining({ code: 'input_invalid', field }),
    );
  });
});

test('addUsage adds class by class', () => {
  expect(
    addUsage({ inputTokens: 1, outputTokens: 2 }, { inputTokens: 3, fileSearchCalls: 1 }),
  ).toEqual({
    inputTokens: 4,
    outputTokens: 2,
    fileSearchCalls: 1,
  });
  expect(() => addUsage({ inputTokens: UNITS_MAX }, { inputTokens: 1 })).toThrow(
    expect.objectContaining({ code: 'input_invalid', field: 'usage.inputTokens' }),
  );
});

test('every token is counted on exactly one side, and calls, milliseconds, characters and images on none', () => {
  const one = Object.fromEntries(USAGE_CLASS_NAMES.map((name) => [name, 1]));
  expect(totalInputTokens(one)).toBe(10);
  expect(totalOutputTokens(one)).toBe(6);
  expect(USAGE_CLASS_NAMES).toHaveLength(31);
});

test('a class falls back within its own side, and never to one that falls back to it', () => {
  for (const name of USAGE_CLASS_NAMES) {
    for (const fallback of USAGE_CLASSES[name].fallbacks) {
      expect(USAGE_CLASSES[fallback].side).toBe(USAGE_CLASSES[name].side);
      expect(USAGE_CLASSES[fallback].fallbacks).not.toContain(name);
    }
  }
});
