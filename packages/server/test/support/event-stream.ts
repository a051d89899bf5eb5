/** Reading server-sent events, one by one. */

/** One event as it came. */
interface StreamedEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** An open stream. */
export interface EventStream {
  /** The next event that says something; `undefined` when the server has ended or cut the stream. */
  next(): Promise<StreamedEvent | undefined>;
  close(): void;
}

/** Opens a stream. Only events with data or a name other than `ping` are shown. */
export async function openEventStream(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<EventStream> {
  const leaving = new AbortController();
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: leaving.signal,
  });
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const event = eventOf(text.slice(0, end));
          text = text.slice(end + 2);
          if (event !== undefined) return event;
          continue;
        }
        const chunk = await reader.read().catch(() => undefined);
        if (chunk === undefined || chunk.done) return undefined;
        text += decoder.decode(chunk.value, { stream: true });
      }
    },
    close: () => leaving.abort(),
  };
}

function eventOf(block: string): StreamedEvent | undefined {
  const fields = new Map(
    block.split('\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1).trim()] as const] : [];
    }),
  );
  const event = fields.get('event') ?? 'message';
  const data = fields.get('data');
  if (event === 'ping' || event === 'connected' || data === undefined) return undefined;
  return { event, id: fields.get('id'), data: JSON.parse(data) as unknown };
}
