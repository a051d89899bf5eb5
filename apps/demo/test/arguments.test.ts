import { describe, expect, test } from 'vitest';
import { readArguments } from '../src/arguments.ts';

describe('arguments', () => {
  test('none: the story, in the default directory', () => {
    expect(readArguments([])).toEqual({
      kind: 'story',
      dataDirectory: '.bursar/demo',
      model: undefined,
    });
  });

  test('a trace: gpt-4o, as fast as possible, without a limit', () => {
    expect(readArguments(['--', '--trace', 'x.csv'])).toEqual({
      kind: 'trace',
      dataDirectory: '.bursar/demo',
      model: 'gpt-4o',
      file: 'x.csv',
      speed: Infinity,
      concurrency: 128,
      users: 20,
      limitUsd: null,
      json: false,
    });
    expect(readArguments(['--trace', 'x.csv', '--speed', '1', '--limit', '0.5'])).toMatchObject({
      speed: 1,
      limitUsd: '0.5',
    });
  });

  test('--help wins', () => {
    expect(readArguments(['--help', '--trace', 'x.csv'])).toEqual({ kind: 'help' });
  });

  test.each([
    [['--json'], '--json needs --trace FILE'],
    [['--trace', 'x', '--speed', '0'], '--speed must be a number above 0 or "max", and is "0"'],
    [
      ['--trace', 'x', '--users', '2.5'],
      '--users must be a whole number from 1 to 10000, and is "2.5"',
    ],
    [['--trace', 'x', '--limit', 'ten'], '--limit must be decimal USD like 0.50, and is "ten"'],
    [['--trace', 'x', '--limit=-1'], '--limit must be decimal USD like 0.50, and is "-1"'],
    [['--model', 'gpt-9'], 'the demo checks every cost against its own price list'],
    [
      ['--model', 'text-embedding-3-small'],
      'the demo checks every cost against its own price list',
    ],
    [['--bogus'], "Unknown option '--bogus'"],
    [['story'], "Unexpected argument 'story'"],
  ])('%j is refused', (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
  });
});
