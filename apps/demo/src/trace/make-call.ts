/** One call of a trace, through the OpenAI SDK; its prompt and answer are as long as the row says. */
import { denialOf } from '@bursar/client';
import type OpenAI from 'openai';
import type { ModelPrice } from '../money/model-prices.ts';
import { traceRowCost } from './survey-trace.ts';
import type { Tally } from './tally.ts';
import type { TraceRow } from './trace-row.ts';

/** Makes the call of `row` and notes in `tally` how it ended. Throws when too many have failed. */
export async function makeCall(
  client: OpenAI,
  { row, tally, model, price }: { row: TraceRow; tally: Tally; model: string; price: ModelPrice },
): Promise<void> {
  const beganAtMs = performance.now();
  try {
    const { usage } = await client.chat.completions.create(
      {
        model,
        // To the local provider a word is a token.
        messages: [{ role: 'user', content: 'w '.repeat(row.contextTokens) }],
        max_completion_tokens: row.generatedTokens,
      },
      { headers: { 'x-provider-output-tokens': String(row.generatedTokens) } },
    );
    const ms = performance.now() - beganAtMs;
    tally.answer(row, { usage, ms, costNanoUsd: traceRowCost(row, price) });
  } catch (error) {
    if (denialOf(error) === undefined) tally.fail(error);
    else tally.denied += 1;
  }
}
