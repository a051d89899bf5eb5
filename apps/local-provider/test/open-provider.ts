/** A provider and a real OpenAI client of it, closed when the test ends. */
import OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import { type Provider, type ProviderOptions, startProvider } from '../src/index.ts';

export interface OpenProvider {
  readonly provider: Provider;
  readonly client: OpenAI;
}

export async function openProvider(options: ProviderOptions = {}): Promise<OpenProvider> {
  const provider = await startProvider(options);
  onTestFinished(() => provider.close());
  const client = new OpenAI({
    baseURL: provider.url,
    apiKey: options.apiKey ?? 'any-key',
    maxRetries: 0,
  });
  return { provider, client };
}

/** A prompt of exactly `tokens` tokens. */
export function promptOf(tokens: number): { role: 'user'; content: string }[] {
  return [{ role: 'user', content: 'w '.repeat(tokens) }];
}
