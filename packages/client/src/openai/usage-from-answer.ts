/** What an answer in one piece says it used, or a guess by its text where it does not say. */
import {
  addUsage,
  serviceTierOfOpenAi,
  toolUsageFromOpenAi,
  type Usage,
  usageFromOpenAi,
  utf8Bytes,
} from '@bursar/core';
import type { Spent } from '../metered-call.ts';
import { arrayOf, fieldOf, stringOf } from './json-fields.ts';
import type { ModelRequest } from './openai-request.ts';
import { expectedTextTokens } from './text-tokens.ts';

/** What the whole answer to `request` cost. */
export function spentBy(answer: unknown, request: ModelRequest): Spent {
  const model = modelOf(answer);
  const reported = usageOf(answer);
  const serviceTier = serviceTierOfOpenAi(answer) ?? request.serviceTier;
  if (reported !== undefined) return { usage: reported, basis: 'reported', model, serviceTier };
  const usage = {
    inputTokens: request.inputTokensExpected,
    outputTokens: expectedTextTokens(textBytes(answer)),
  };
  return { usage, basis: 'counted', model, serviceTier };
}

/** The usage that an answer reports, calls of hosted tools included. */
export function usageOf(answer: unknown): Usage | undefined {
  const usage = usageFromOpenAi(fieldOf(answer, 'usage'));
  return usage && addUsage(usage, toolUsageFromOpenAi(answer));
}

/** A model's name that can be booked; providers may answer with anything. */
export function modelOf(answer: unknown): string | undefined {
  const model = stringOf(fieldOf(answer, 'model'));
  return /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/.test(model) ? model : undefined;
}

/** Length of what a chat completion or a response says, in UTF-8 bytes; 0 for embeddings. */
function textBytes(answer: unknown): number {
  const messages = arrayOf(fieldOf(answer, 'choices')).map((choice) => fieldOf(choice, 'message'));
  const texts = [...messages, ...arrayOf(fieldOf(answer, 'output'))].flatMap((item) => [
    fieldOf(item, 'content'),
    fieldOf(item, 'refusal'),
    fieldOf(item, 'arguments'),
    ...arrayOf(fieldOf(item, 'content')).flatMap((part) => [
      fieldOf(part, 'text'),
      fieldOf(part, 'refusal'),
    ]),
    ...arrayOf(fieldOf(item, 'tool_calls')).map((call) =>
      fieldOf(fieldOf(call, 'function'), 'arguments'),
    ),
  ]);
  return texts.reduce<number>((bytes, text) => bytes + utf8Bytes(stringOf(text)), 0);
}
