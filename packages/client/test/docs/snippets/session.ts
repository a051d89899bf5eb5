import OpenAI from 'openai';
import { bursar } from './bursar.ts';

export async function research(user: string, questions: readonly string[]): Promise<string> {
  const session = bursar.session(`research-${user}-7`);
  const openai = session.wrap(new OpenAI(), { user, scopes: { feature: 'research' } });
  for (const input of questions) {
    await openai.responses.create({ model: 'gpt-4o-mini', input, max_output_tokens: 200 });
  }
  const { calls, costUsd } = await session.summary();
  return `${calls} calls, $${costUsd}`;
}
