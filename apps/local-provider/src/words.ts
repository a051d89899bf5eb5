/**
 * The token rule: one token per word, a word being what stands between whitespace (JavaScript's `\s`).
 *
 * Real tokenizers differ by model and are slow; this rule is exact, so that a test makes a prompt of N
 * tokens with `'w '.repeat(N)`. There is no overhead per message, and tool and schema definitions are free.
 */

/** Text read so far: how many tokens, and a 32-bit hash that decides what is answered. */
export interface Reading {
  tokens: number;
  hash: number;
}

/** FNV-1a's offset basis and prime (http://www.isthe.com/chongo/tech/comp/fnv/). */
const HASH_START = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/** A reading of no text. */
export function startReading(): Reading {
  return { tokens: 0, hash: HASH_START };
}

/** Adds `text` to `reading`; words never continue from one text into the next. One pass, no allocation. */
export function readText(reading: Reading, text: string): void {
  let { tokens, hash } = reading;
  let isInWord = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    hash = Math.imul(hash ^ code, HASH_PRIME);
    if (isWhitespace(code)) {
      isInWord = false;
    } else if (!isInWord) {
      isInWord = true;
      tokens++;
    }
  }
  reading.tokens = tokens;
  reading.hash = hash;
}

/** Adds text that came as token numbers, as embeddings may: each number is one token. */
export function readTokenNumbers(reading: Reading, numbers: readonly number[]): void {
  for (const number of numbers) reading.hash = Math.imul(reading.hash ^ number, HASH_PRIME);
  reading.tokens += numbers.length;
}

function isWhitespace(code: number): boolean {
  if (code <= 32) return code === 32 || (code >= 9 && code <= 13);
  return code >= 160 && isRareWhitespace(code);
}

/** The whitespace of `\s` outside ASCII. */
function isRareWhitespace(code: number): boolean {
  return (
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0xfeff
  );
}
