/**
 * The text that answers are cut from: one passage, repeated, with the place of every word known in
 * advance, so that taking any number of words costs one slice.
 */

const PASSAGE =
  'the provider answers with plain words so that every token can be counted by anyone who reads them ' +
  'a prompt arrives and is measured then a reply leaves one word after another until its length is reached ' +
  'nothing here is clever yet each answer has a price and somebody pays for it in the end ' +
  'a careful meter writes down what was used while a careless one only guesses and is later surprised';

const VOCABULARY = PASSAGE.split(' ');

/** Words in one repetition block: a multiple of the vocabulary, so that blocks join without a seam. */
const BLOCK_WORDS = VOCABULARY.length * 64;

/** Each word carries the space before it; one vocabulary longer than a block, so that any start fits. */
const TEXT_WORDS = BLOCK_WORDS + VOCABULARY.length;
const TEXT = Array.from({ length: TEXT_WORDS }, (_, at) => ` ${wordAt(at)}`).join('');
const OFFSETS = wordOffsets();

/** `count` words of the passage from word `start` on (any whole number), each with a space before it. */
export function passageWords(start: number, count: number): string {
  const first = start % VOCABULARY.length;
  let text = '';
  let left = count;
  for (; left > BLOCK_WORDS; left -= BLOCK_WORDS) text += slice(first, BLOCK_WORDS);
  return text + slice(first, left);
}

function slice(first: number, count: number): string {
  return TEXT.slice(OFFSETS[first], OFFSETS[first + count]);
}

function wordAt(at: number): string {
  return VOCABULARY[at % VOCABULARY.length] ?? '';
}

function wordOffsets(): Uint32Array {
  const offsets = new Uint32Array(TEXT_WORDS + 1);
  for (let at = 0; at < TEXT_WORDS; at++) {
    offsets[at + 1] = (offsets[at] ?? 0) + 1 + wordAt(at).length;
  }
  return offsets;
}
