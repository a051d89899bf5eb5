import { connect, isDenied } from '@bursar/client';
import OpenAI from 'openai';

export interface Environment {
  readonly BURSAR_URL: string;
  readonly BURSAR_TOKEN: string;
  readonly OPENAI_API_KEY: string;
  readonly OPENAI_BASE_URL?: string;
}

/** What a worker is given with each request, as far as it is needed here. */
export interface Context {
  waitUntil(work: Promise<unknown>): void;
}

export default {
  async fetch(request: Request, env: Environment, context: Context): Promise<Response> {
    const bursar = connect({ url: env.BURSAR_URL, token: env.BURSAR_TOKEN });
    const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = env;
    const user = request.headers.get('x-user') ?? 'nobody';
    const openai = bursar.wrap(new OpenAI({ apiKey, baseURL }), { user });
    const { question } = (await request.json()) as { readonly question: string };
    try {
      const { output_text: answer } = await openai.responses.create({
        model: 'gpt-4o-mini',
        input: question,
      });
      return Response.json({ answer });
    } catch (error) {
      if (!isDenied(error)) throw error;
      return Response.json(error.error.bursar, { status: error.status ?? 402 });
    } finally {
      // The answer need not wait for what is settled behind it, and the worker must not end before.
      context.waitUntil(bursar.settled());
    }
  },
};
