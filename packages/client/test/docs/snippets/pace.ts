import OpenAI from 'openai';
import { bursar } from './bursar.ts';

const plain = new OpenAI();

// Somebody waits for this: it goes first, and says so when it would take too long.
export async function chat(user: string, question: string, signal: AbortSignal): Promise<string> {
  const openai = bursar.wrap(plain, { user, pace: { waitMsMax: 5_000 } });
  const answer = await openai.responses.create(
    { model: 'gpt-4o-mini', input: question },
    // Who leaves leaves the line, too.
    { signal },
  );
  return answer.output_text;
}

// Nobody waits for these: up to eight run at once, as fast as the limits allow.
export async function summarize(user: string, texts: readonly string[]): Promise<string[]> {
  const openai = bursar.wrap(plain, {
    user,
    pace: { priority: 'batch', waitMsMax: 600_000, concurrencyMax: 8 },
  });
  return await Promise.all(
    texts.map(async (text) => {
      const input = `Summarize: ${text}`;
      return (await openai.responses.create({ model: 'gpt-4o-mini', input })).output_text;
    }),
  );
}
