import OpenAI from 'openai';
import { bursar } from './bursar.ts';

const plain = new OpenAI();

export async function ask(user: string, question: string): Promise<string> {
  const openai = bursar.wrap(plain, { user });
  const answer = await openai.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: question }],
    max_completion_tokens: 300,
  });
  return answer.choices[0]?.message.content ?? '';
}
