/** What clients say over a WebSocket: tRPC's messages, one or a list of them in a frame. */

/** How a client names one of its calls. */
export type CallId = string | number;

/** Longest id of a call. */
const ID_LENGTH_MAX = 128;

/** One message. */
export type SocketMessage =
  | {
      readonly kind: 'call';
      readonly id: CallId;
      readonly type: 'query' | 'mutation' | 'subscription';
      readonly path: string;
      readonly input: unknown;
    }
  /** The end of the subscription `id`. */
  | { readonly kind: 'stop'; readonly id: CallId }
  | { readonly kind: 'unreadable'; readonly id: CallId | null };

/** The messages in a frame, of which there may be too many. What is no message is said to be unreadable. */
export function messagesIn(frame: string): readonly SocketMessage[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame);
  } catch {
    return [{ kind: 'unreadable', id: null }];
  }
  return Array.isArray(parsed) ? parsed.map(messageOf) : [messageOf(parsed)];
}

/** What a client says about itself in its first frame, if it said that it would. */
export function authorizationIn(frame: string): string | undefined {
  try {
    const { data } = JSON.parse(frame) as { data?: { authorization?: unknown } | null };
    return typeof data?.authorization === 'string' ? data.authorization : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(value: unknown): SocketMessage {
  const message = objectOf(value);
  const id = idOf(message['id']);
  if (id === null) return { kind: 'unreadable', id };
  const type = message['method'];
  if (type === 'subscription.stop') return { kind: 'stop', id };
  const params = objectOf(message['params']);
  const { path } = params;
  if (!isType(type) || typeof path !== 'string') return { kind: 'unreadable', id };
  const { lastEventId } = params;
  const input =
    lastEventId === undefined ? params['input'] : { ...objectOf(params['input']), lastEventId };
  return { kind: 'call', id, type, path, input };
}

function isType(type: unknown): type is 'query' | 'mutation' | 'subscription' {
  return type === 'query' || type === 'mutation' || type === 'subscription';
}

function idOf(id: unknown): CallId | null {
  if (typeof id === 'number') return id;
  return typeof id === 'string' && id.length <= ID_LENGTH_MAX ? id : null;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}
