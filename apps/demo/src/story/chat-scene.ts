/** Alice chats: streams, turn by turn. Each turn is set aside before and booked after. */
import type OpenAI from 'openai';
import { showUsd } from '../money/nano-usd.ts';
import { bookedCall, directed, type Stage } from './stage.ts';

type Message = OpenAI.Chat.Completions.ChatCompletionMessageParam;

/** Most tokens of an answer, and how many the local provider gives. */
const OUTPUT_TOKENS_MAX = 200;
const TURNS = [
  { question: 'What is a ledger, in two sentences?', outputTokens: 48 },
  { question: 'And why do people write every sum down twice?', outputTokens: 60 },
  { question: 'Thank you! One sentence to remember, please.', outputTokens: 24 },
];
const TOKEN_MS = 22;

/** Plays the scene. */
export async function playChat(stage: Stage): Promise<void> {
  const { narrator } = stage;
  await narrator.heading('1 · Alice chats');
  await narrator.say(
    'Before each answer Bursar sets aside what it may cost at most. Afterwards it books what it did cost.',
  );
  const messages: Message[] = [];
  for (const { question, outputTokens } of TURNS) {
    narrator.asks('alice', question);
    messages.push({ role: 'user', content: question });
    const answer = await streamedAnswer(stage, messages, outputTokens);
    messages.push({ role: 'assistant', content: answer });
    narrator.answered(answer);
    const { heldNanoUsd, settled } = await bookedCall(stage, 'alice');
    narrator.fact(
      `set aside ${showUsd(heldNanoUsd)}, booked ${showUsd(settled.nanoUsd)} ` +
        `(${settled.inputTokens} tokens in, ${settled.outputTokens} out); the rest is free again`,
    );
  }
}

async function streamedAnswer(
  stage: Stage,
  messages: readonly Message[],
  outputTokens: number,
): Promise<string> {
  const stream = await stage.clients.alice.chat.completions.create(
    {
      model: stage.model,
      messages: [...messages],
      max_completion_tokens: OUTPUT_TOKENS_MAX,
      stream: true,
    },
    directed(stage, { outputTokens, tokenMs: TOKEN_MS }),
  );
  let answer = '';
  for await (const chunk of stream) {
    answer += chunk.choices[0]?.delta.content ?? '';
    stage.narrator.answering(answer);
  }
  return answer;
}
