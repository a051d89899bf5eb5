/** `POST /v1/completions`, the legacy endpoint: a text for each prompt, streamed or not. */
import { outputTokens, planAnswer, wholeText } from './answer.ts';
import { invalidField } from './api-error.ts';
import type { Exchange } from './exchange.ts';
import { requestedModel } from './models.ts';
import { asObject, type JsonObject, optionalInteger } from './request-fields.ts';
import { chatUsage } from './token-usage.ts';
import { readText, readTokenNumbers, startReading } from './words.ts';

/** OpenAI's default of `max_tokens` here. */
const TOKENS_MAX_USUAL = 16;

/** Answers with `n` completions of each prompt. */
export async function answerCompletions(exchange: Exchange, body: JsonObject): Promise<void> {
  const model = requestedModel(body);
  const reading = startReading();
  const prompts = promptsIn(body['prompt']);
  for (const prompt of prompts) {
    if (typeof prompt === 'string') readText(reading, prompt);
    else readTokenNumbers(reading, prompt);
  }
  const choices = prompts.length * (optionalInteger(body, 'n', { min: 1, max: 128 }) ?? 1);
  const max = optionalInteger(body, 'max_tokens', { min: 0 }) ?? TOKENS_MAX_USUAL;
  exchange.accept(reading.tokens);
  const answer = planAnswer({ kind: 'text', seed: reading.hash }, max, exchange.script);
  const shared = {
    id: exchange.newId('cmpl-'),
    object: 'text_completion',
    created: Math.floor(exchange.call.arrivedAtMs / 1000),
    model,
  };
  const choice = (index: number, text: string, ended: boolean): object => ({
    text,
    index,
    logprobs: null,
    finish_reason: ended ? (answer.isCut ? 'length' : 'stop') : null,
  });
  if (body['stream'] !== true) {
    exchange.generate({ tokens: choices * outputTokens(answer), reasoningTokens: 0 });
    const usage = exchange.usage();
    const all = Array.from({ length: choices }, (_, at) => choice(at, wholeText(answer), true));
    const reported = usage === null ? {} : { usage: chatUsage(usage) };
    exchange.answer({ ...shared, choices: all, ...reported }, usage);
    return;
  }
  const chunk = (fields: object): string => `data: ${JSON.stringify({ ...shared, ...fields })}\n\n`;
  exchange.beginStream();
  for (let index = 0; index < choices; index++) {
    for (let from = 0, to; from < answer.visibleTokens; from = to) {
      to = Math.min(from + exchange.chunkTokensMax, answer.visibleTokens);
      const text = answer.slice(from, to);
      const isLast = to === answer.visibleTokens;
      await exchange.send(chunk({ choices: [choice(index, text, isLast)] }), to - from);
    }
  }
  const usage = exchange.usage();
  if (asObject(body['stream_options'])?.['include_usage'] === true && usage !== null) {
    await exchange.send(chunk({ choices: [], usage: chatUsage(usage) }));
    exchange.call.reportedUsage = usage;
  }
  exchange.endStream('data: [DONE]\n\n');
}

/** One prompt or several, each a text or token numbers. */
function promptsIn(prompt: unknown): readonly (string | readonly number[])[] {
  if (typeof prompt === 'string') return [prompt];
  const isOne = Array.isArray(prompt) && typeof prompt[0] === 'number';
  const prompts: unknown[] = isOne ? [prompt] : Array.isArray(prompt) ? prompt : [];
  if (prompts.length === 0) throw invalidField('prompt', 'a string, or an array');
  return prompts as readonly (string | readonly number[])[];
}
