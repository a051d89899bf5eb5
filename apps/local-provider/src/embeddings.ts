/** `POST /v1/embeddings`: unit vectors that depend on their input alone. */
import { invalidField, missingField } from './api-error.ts';
import type { Exchange } from './exchange.ts';
import { requestedModel } from './models.ts';
import { type JsonObject, optionalInteger } from './request-fields.ts';
import { embeddingUsage } from './token-usage.ts';
import { type Reading, readText, readTokenNumbers, startReading } from './words.ts';

/** OpenAI's bound on inputs in one request. */
const INPUTS_MAX = 2048;

const DIMENSIONS_MAX = 3072;
const DIMENSIONS_USUAL = 1536;

/** Answers with one vector per input, as base64 of little-endian 32-bit floats or as numbers. */
export function answerEmbeddings(exchange: Exchange, body: JsonObject): void {
  const model = requestedModel(body);
  const readings = readInputs(body['input']);
  const isLarge = model.startsWith('text-embedding-3-large');
  const dimensions =
    optionalInteger(body, 'dimensions', { min: 1, max: DIMENSIONS_MAX }) ??
    (isLarge ? DIMENSIONS_MAX : DIMENSIONS_USUAL);
  const isBase64 = body['encoding_format'] === 'base64';
  exchange.accept(readings.reduce((tokens, reading) => tokens + reading.tokens, 0));
  const data = readings.map((reading, index) => {
    const vector = unitVector(reading.hash, dimensions);
    return { object: 'embedding', index, embedding: isBase64 ? base64(vector) : [...vector] };
  });
  const usage = exchange.usage();
  const reported = usage === null ? {} : { usage: embeddingUsage(usage) };
  exchange.answer({ object: 'list', data, model, ...reported }, usage);
}

/** A string or an array of token numbers is one input; an array of either is several. */
function readInputs(input: unknown): Reading[] {
  if (input === undefined || input === null) throw missingField('input');
  const isOne = typeof input === 'string' || (Array.isArray(input) && typeof input[0] === 'number');
  const inputs: readonly unknown[] = isOne ? [input] : Array.isArray(input) ? input : [];
  if (inputs.length === 0 || inputs.length > INPUTS_MAX) {
    throw invalidField('input', `a string, token numbers, or an array of 1 to ${INPUTS_MAX} such`);
  }
  return inputs.map(readOne);
}

function readOne(input: unknown): Reading {
  const reading = startReading();
  if (typeof input === 'string') readText(reading, input);
  else if (isTokenNumbers(input)) readTokenNumbers(reading, input);
  else throw invalidField('input', 'strings or arrays of token numbers');
  return reading;
}

function isTokenNumbers(input: unknown): input is readonly number[] {
  return Array.isArray(input) && input.every((item) => Number.isSafeInteger(item));
}

/** Xorshift32 numbers (Marsaglia 2003) from `seed`, scaled to length 1. */
function unitVector(seed: number, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  let state = seed === 0 ? 1 : seed;
  let squares = 0;
  for (let at = 0; at < dimensions; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const value = state / 2 ** 31;
    vector[at] = value;
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  return vector.map((value) => value / length);
}

function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
