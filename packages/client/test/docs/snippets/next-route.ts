// app/api/chat/route.ts
import { isDenied } from '@bursar/client';
import OpenAI from 'openai';
import { bursar } from './bursar.ts';

const plain = new OpenAI();

export async function POST(request: Request): Promise<Response> {
  const { question } = (await request.json()) as { readonly question: string };
  // Whoever your own sign-in says is asking.
  const user = request.headers.get('x-user') ?? 'nobody';
  const openai = bursar.wrap(plain, { user });
  try {
    const stream = await openai.chat.completions.create(
      {
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: question }],
        stream: true,
      },
      // A reader who leaves ends the call, and pays for what came.
      { signal: request.signal },
    );
    return new Response(stream.toReadableStream());
  } catch (error) {
    if (!isDenied(error)) throw error;
    return Response.json(error.error.bursar, { status: error.status ?? 402 });
  }
}
