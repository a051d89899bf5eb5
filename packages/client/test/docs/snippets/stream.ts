import OpenAI from 'openai';
import { bursar } from './bursar.ts';

export async function* stream(user: string, question: string): AsyncGenerator<string> {
  const openai = bursar.wrap(new OpenAI(), { user, onExhausted: 'stop' });
  const chunks = await openai.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: question }],
    stream: true,
  });
  for await (const chunk of chunks) yield chunk.choices[0]?.delta.content ?? '';
}
