// app/api/budget/route.ts
import { bursar } from './bursar.ts';

// For a page: new EventSource('/api/budget?team=growth').onmessage = ({ data }) => …
export function GET(request: Request): Response {
  // Whether whoever asks may see this team is for your own sign-in to say.
  const team = new URL(request.url).searchParams.get('team') ?? '';
  const budgets = bursar.usage.live({ scope: { team }, signal: request.signal });
  const encoder = new TextEncoder();
  const events = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await budgets.next();
      if (done) return controller.close();
      controller.enqueue(encoder.encode(`data: ${JSON.stringify(value)}\n\n`));
    },
    async cancel() {
      await budgets.return?.();
    },
  });
  return new Response(events, { headers: { 'content-type': 'text/event-stream' } });
}
