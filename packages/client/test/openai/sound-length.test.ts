/** The length of sound, by what its file says of itself; what it says is never believed beyond its size. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lengthOfFiles } from '../../src/openai/sound-length.ts';
import { mp3, wav } from '../support/sounds.ts';

const lengthOf = async (...files: readonly Uint8Array<ArrayBuffer>[]) =>
  await lengthOfFiles(files.map((bytes) => new Blob([bytes])));

test('a WAV file is as long as its bytes at its rate', async () => {
  const { most, probably } = await lengthOf(wav({ seconds: 3, bytesPerSecond: 48_000 }));
  expect(most).toBe(3_001);
  expect(probably).toBe(most);
});

test('an MP3 file with a count of frames is that long, after a tag of any length', async () => {
  const hundred = Math.ceil((100 * 1_152 * 1_000) / 44_100);
  for (const tagBytes of [0, 300, 70_000]) {
    const length = await lengthOf(mp3({ bytes: 41_800, frames: 100, tagBytes }));
    expect(length).toEqual({ most: hundred, probably: hundred });
  }
});

test('an MP3 file without one probably goes on at the rate of its first frame, and at 32 kbit/s at least', async () => {
  expect(await lengthOf(mp3({ bytes: 16_000 }))).toEqual({ most: 4_000, probably: 1_000 });
});

test('anything else is bound by 8 kbit/s', async () => {
  expect(await lengthOf(new Uint8Array(8_000))).toEqual({ most: 8_000, probably: 1_000 });
});

test('files count together', async () => {
  const one = await lengthOf(mp3({ bytes: 16_000 }));
  const two = await lengthOf(mp3({ bytes: 16_000 }), mp3({ bytes: 16_000 }));
  expect(two).toEqual({ most: 2 * one.most, probably: 2 * one.probably });
});

describe('a file that lies', () => {
  test('has no fewer frames than it takes to fill it, and no more than it has room for', async () => {
    const { most: least } = await lengthOf(mp3({ bytes: 1_440_000, frames: 1 }));
    expect(least).toBe(Math.ceil((1_000 * 1_152 * 1_000) / 44_100));
    const { most } = await lengthOf(mp3({ bytes: 1_440_000, frames: 4_000_000_000 }));
    expect(most).toBe(Math.ceil((360_000 * 1_152 * 1_000) / 44_100));
  });

  test('or is cut anywhere, or is noise, still has a length, which is a whole number', async () => {
    const whole = [wav({ seconds: 1, bytesPerSecond: 16_000 }), mp3({ bytes: 500, frames: 3 })];
    const files = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.constantFrom(...whole), fc.nat(200))
        .map(([file, length]) => file.slice(0, length)),
      fc
        .tuple(fc.constantFrom(...whole), fc.nat(60), fc.nat(255))
        .map(([file, at, byte]) => file.with(at, byte)),
    );
    await fc.assert(
      fc.asyncProperty(files, async (file) => {
        const { most, probably } = await lengthOf(new Uint8Array(file));
        expect(Number.isSafeInteger(most) && Number.isSafeInteger(probably)).toBe(true);
        expect(probably).toBeGreaterThanOrEqual(0);
        expect(most).toBeGreaterThanOrEqual(probably);
      }),
    );
  });
});
