import { expect, test } from 'vitest';
import { passageWords } from '../src/passage.ts';
import { readText, startReading } from '../src/words.ts';

function tokensOf(text: string): number {
  const reading = startReading();
  readText(reading, text);
  return reading.tokens;
}

test('tokens are what splitting at whitespace yields, for every whitespace there is', () => {
  const disagreeing = Array.from({ length: 0x10000 }, (_, code) =>
    String.fromCharCode(code),
  ).filter((character) => tokensOf(`a${character}b`) !== `a${character}b`.split(/\s/).length);
  expect(disagreeing).toEqual([]);
});

test.each([
  ['', 0],
  [' \n\t ', 0],
  ['word', 1],
  ['  two \n words  ', 2],
])('%j has %i tokens', (text, tokens) => {
  expect(tokensOf(text)).toBe(tokens);
});

test('the passage has any number of words from any start, and slices of it join', () => {
  for (const start of [0, 1, 76, 77, 4_294_967_295]) {
    for (const count of [0, 1, 77, 5000, 20_000]) {
      expect(tokensOf(passageWords(start, count))).toBe(count);
    }
    const joined = passageWords(start, 70) + passageWords(start + 70, 30);
    expect(joined).toBe(passageWords(start, 100));
  }
});
