import { isDenied } from '@bursar/client';
import { Hono } from 'hono';
import { streamText } from 'hono/streaming';
import OpenAI from 'openai';
import { bursar } from './bursar.ts';

const plain = new OpenAI();

export const app = new Hono();

app.post('/chat', async (context) => {
  const { question } = await context.req.json<{ readonly question: string }>();
  const openai = bursar.wrap(plain, { user: context.req.header('x-user') ?? 'nobody' });
  const stream = await openai.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: question }],
    stream: true,
  });
  return streamText(context, async (out) => {
    out.onAbort(() => stream.controller.abort());
    for await (const chunk of stream) await out.write(chunk.choices[0]?.delta.content ?? '');
  });
});

app.onError((error, context) => {
  if (!isDenied(error)) throw error;
  return context.json(error.error.bursar, error.status ?? 402);
});
