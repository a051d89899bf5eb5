/** The text of a Responses request, as the token rule sees it. */
import { asArray, asObject, type JsonObject } from '../request-fields.ts';
import { type Reading, readText, startReading } from '../words.ts';

/** Fields of input items and their content parts that hold text. */
const TEXT_FIELDS = ['text', 'refusal', 'arguments', 'output'] as const;

/** Reads the instructions and the input: a string, or items with string or part contents. */
export function readInput(body: JsonObject): Reading {
  const reading = startReading();
  if (typeof body['instructions'] === 'string') readText(reading, body['instructions']);
  if (typeof body['input'] === 'string') readText(reading, body['input']);
  for (const item of asArray(body['input'])) readItem(reading, asObject(item) ?? {});
  return reading;
}

function readItem(reading: Reading, item: JsonObject): void {
  readFields(reading, item);
  if (typeof item['content'] === 'string') readText(reading, item['content']);
  for (const part of asArray(item['content'])) readFields(reading, asObject(part) ?? {});
  for (const part of asArray(item['output'])) readFields(reading, asObject(part) ?? {});
}

function readFields(reading: Reading, holder: JsonObject): void {
  for (const field of TEXT_FIELDS) {
    const text = holder[field];
    if (typeof text === 'string') readText(reading, text);
  }
}
