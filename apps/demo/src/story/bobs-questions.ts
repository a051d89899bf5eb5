/** What Bob asks, in more than one scene: small calls, all of the same size. */
import type OpenAI from 'openai';
import { directed, type Stage } from './stage.ts';

export const QUESTIONS = [
  'Tell me a story about a miser.',
  'What became of his treasure?',
  'And who found it in the end?',
  'Did the miser ever laugh?',
  'What would he say today?',
] as const;

const OUTPUT_TOKENS_MAX = 100;
const OUTPUT_TOKENS = 70;
const DELAY_MS = 500;

/** Asks by `client`. Only an answer that is long takes all the tokens that it may have. */
export async function askBob(
  stage: Stage,
  client: OpenAI,
  question: string,
  { isLong = false } = {},
): Promise<OpenAI.Chat.Completions.ChatCompletion> {
  return await client.chat.completions.create(
    {
      model: stage.model,
      messages: [{ role: 'user', content: question }],
      max_completion_tokens: OUTPUT_TOKENS_MAX,
    },
    directed(stage, {
      outputTokens: isLong ? OUTPUT_TOKENS_MAX : OUTPUT_TOKENS,
      delayMs: DELAY_MS,
    }),
  );
}
