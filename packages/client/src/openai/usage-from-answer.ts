/** What an answer in one piece says it used, or a guess by its text where it does not say. */
import {
  addUsage,
  serviceTierOfOpenAi,
  toolUsageFromOpenAi,
  type Usage,
  usageFromOpenAi,
  utf8Bytes,
} from '@bursar/core';
import type { Spent } from '../call-terms.ts';
import { arrayOf, fieldOf, stringOf } from '../http/json-fields.ts';
import { bookableModel } from '../http/model-name.ts';
import type { ModelRequest } from '../http/provider-api.ts';
import { expectedTextTokens } from '../http/text-tokens.ts';

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

/** The model that an answer names. */
export function modelOf(answer: unknown): string | undefined {
  return bookableModel(fieldOf(answer, 'model'));
}

/** Length of what a chat completion or a response says, in UTF-8 bytes; 0 for embeddings. */
function textBytes(answer: unknown): number {
  const choices = arrayOf(fieldOf(answer, 'choices'));
  const messages = choices.map((choice) => fieldOf(choice, 'message'));
  // Legacy completions have their text in the choice itself.
  const completed = choices.map((choice) => ({ content: fieldOf(choice, 'text') }));
  const texts = [...messages, ...completed, ...arrayOf(fieldOf(answer, 'output'))].flatMap(
    (item) => [
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
    ],
  );
  return texts.reduce<number>((bytes, text) => bytes + utf8Bytes(stringOf(text)), 0);
}
