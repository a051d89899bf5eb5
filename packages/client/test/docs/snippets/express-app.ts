import { isDenied } from '@bursar/client';
import express from 'express';
import OpenAI from 'openai';
import { bursar } from './bursar.ts';

const plain = new OpenAI();

export const app: express.Express = express();
app.use(express.json());

app.post('/chat', async (request, response) => {
  const { question } = request.body as { readonly question: string };
  const openai = bursar.wrap(plain, { user: request.get('x-user') ?? 'nobody' });
  const leaving = new AbortController();
  response.on('close', () => leaving.abort());
  try {
    const stream = await openai.chat.completions.create(
      {
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: question }],
        stream: true,
      },
      { signal: leaving.signal },
    );
    response.type('text/plain');
    for await (const chunk of stream) response.write(chunk.choices[0]?.delta.content ?? '');
    response.end();
  } catch (error) {
    if (!isDenied(error) || response.headersSent) throw error;
    response.status(error.status ?? 402).json(error.error.bursar);
  }
});
