/** How a batch has ended, and what it cost: from its own sum where that tells, else from the answers one by one. */
import {
  addUsage,
  type BatchPart,
  totalInputTokens,
  type Usage,
  usageFromOpenAi,
} from '@bursar/core';
import { fieldOf, stringOf } from '../../http/json-fields.ts';
import { bookableModel } from '../../http/model-name.ts';
import { expectedTextTokens } from '../../http/text-tokens.ts';
import type { Spent } from '../../call-terms.ts';
import { modelOf, usageOf } from '../usage-from-answer.ts';

/** What OpenAI shows where a batch has no metadata. */
export const NO_METADATA = 'null';

/** Calls with no more input tokens are in the lowest context tier of every price there is. */
export const SHORT_INPUT_TOKENS = 32_000;

/** Most calls that are looked at by themselves; of more, the shortest are taken for as long as the longest of them. */
const LONG_CALLS_MAX = 998;

const ENDED: readonly string[] = ['completed', 'expired', 'cancelled', 'failed'];

/** Whether nothing of `batch` is worked on any more. */
export function hasEnded(batch: unknown): boolean {
  return ENDED.includes(stringOf(fieldOf(batch, 'status')));
}

/** Whether what `batch` cost is to be read from its answers: `isByCall` says that its sum does not tell. */
export function needsLines(batch: unknown, isByCall: boolean): boolean {
  if (outputFileOf(batch) === undefined) return false;
  const sum = usageFromOpenAi(fieldOf(batch, 'usage'));
  return isByCall || sum === undefined || totalInputTokens(sum) === 0;
}

/** The file with the answers; nothing without any. */
export function outputFileOf(batch: unknown): string | undefined {
  return stringOf(fieldOf(batch, 'output_file_id')) || undefined;
}

/** What `batch` cost, all of whose calls are short, by its own sum. */
export function spentWithoutLines(batch: unknown): Spent {
  const usage = usageFromOpenAi(fieldOf(batch, 'usage')) ?? {};
  const calls = callsIn(batch);
  const inputTokensMax = Math.min(totalInputTokens(usage), SHORT_INPUT_TOKENS);
  const batchParts = calls === 0 ? [] : [{ calls, inputTokensMax, usage }];
  return spentOn(batchParts, bookableModel(fieldOf(batch, 'model')));
}

/** Whether `batch` has nothing to say of what it cost, though it has answered calls. */
export function isSilent(batch: unknown): boolean {
  return (
    outputFileOf(batch) === undefined &&
    callsIn(batch) > 0 &&
    usageFromOpenAi(fieldOf(batch, 'usage')) === undefined
  );
}

/** What a batch cost whose answers are `lines`. */
export async function spentInLines(lines: AsyncIterable<unknown>): Promise<Spent> {
  const short = new Sum();
  let long: BatchPart[] = [];
  let model: string | undefined;
  for await (const line of lines) {
    const response = fieldOf(line, 'response');
    if (fieldOf(response, 'status_code') !== 200) continue;
    const answer = fieldOf(response, 'body');
    model ??= modelOf(answer);
    const usage = usageOf(answer) ?? guessed(answer);
    const inputTokensMax = totalInputTokens(usage);
    if (inputTokensMax <= SHORT_INPUT_TOKENS) short.add({ calls: 1, inputTokensMax, usage });
    else long.push({ calls: 1, inputTokensMax, usage });
    if (long.length > 2 * LONG_CALLS_MAX) long = bounded(long);
  }
  return spentOn([...short.parts, ...bounded(long)], model);
}

function spentOn(batch: readonly BatchPart[], model: string | undefined): Spent {
  const usage = batch.reduce<Usage>((sum, part) => addUsage(sum, part.usage), {});
  return { usage, batch, basis: 'reported', model, serviceTier: 'batch' };
}

function callsIn(batch: unknown): number {
  const completed = fieldOf(fieldOf(batch, 'request_counts'), 'completed');
  return typeof completed === 'number' && Number.isSafeInteger(completed) ? completed : 0;
}

/** An answer that reports nothing is at least as long as it is. */
function guessed(answer: unknown): Usage {
  return { outputTokens: expectedTextTokens(JSON.stringify(answer ?? null).length) };
}

/** No more than `LONG_CALLS_MAX` parts, and one for the rest. */
function bounded(parts: readonly BatchPart[]): BatchPart[] {
  if (parts.length <= LONG_CALLS_MAX) return [...parts];
  const byLength = parts.toSorted((a, b) => b.inputTokensMax - a.inputTokensMax);
  const rest = new Sum();
  for (const part of byLength.slice(LONG_CALLS_MAX)) rest.add(part);
  return [...byLength.slice(0, LONG_CALLS_MAX), ...rest.parts];
}

/** Calls together. */
class Sum {
  #part: BatchPart | undefined;

  get parts(): readonly BatchPart[] {
    return this.#part === undefined ? [] : [this.#part];
  }

  add(part: BatchPart): void {
    const sum = this.#part;
    this.#part =
      sum === undefined
        ? part
        : {
            calls: sum.calls + part.calls,
            inputTokensMax: Math.max(sum.inputTokensMax, part.inputTokensMax),
            usage: addUsage(sum.usage, part.usage),
          };
  }
}
