import { createOpenAI } from '@ai-sdk/openai';
import { bursarMiddleware } from '@bursar/client/ai';
import { generateText, wrapLanguageModel } from 'ai';
import { bursar } from './bursar.ts';

// Any provider, any model of the AI SDK.
export async function askAnyModel(user: string, prompt: string): Promise<string> {
  const model = wrapLanguageModel({
    model: createOpenAI()('gpt-4o-mini'),
    middleware: bursarMiddleware(bursar, { user }),
  });
  return (await generateText({ model, prompt })).text;
}

// OpenAI and what is made like it, images and sound included.
export async function askOpenAi(user: string, prompt: string): Promise<string> {
  const openai = createOpenAI({ fetch: bursar.fetch({ user }) });
  return (await generateText({ model: openai('gpt-4o-mini'), prompt })).text;
}
