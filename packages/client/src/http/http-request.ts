/**
 * The arguments of a `fetch`, in one form: callers may give a string, a URL or a `Request`, the rest beside
 * it or inside it, and bodies of many kinds.
 */
import { BursarError } from '@bursar/core';

/** Names the user to charge, for a single request. It stays here and is never sent on. */
export const USER_HEADER = 'x-bursar-user';

/** A request, before it is sent. */
export interface HttpRequest {
  readonly url: string;
  /** In upper case. */
  readonly method: string;
  /** Without `x-bursar-user`. */
  readonly headers: Headers;
  /** The header's value as it came, empty included; `undefined` without the header. */
  readonly user: string | undefined;
  readonly body: unknown;
  readonly signal: AbortSignal | undefined;
  /** Everything else that `fetch` was given. */
  readonly rest: RequestInit;
}

/** The request that `fetch(input, init)` would send. */
export function httpRequestOf(input: string | URL | Request, init: RequestInit = {}): HttpRequest {
  // By its shape, for a `fetch` of another package brings its own `Request`.
  const request = typeof input === 'object' && 'url' in input ? input : undefined;
  const headers = new Headers(init.headers ?? request?.headers);
  const user = headers.get(USER_HEADER) ?? undefined;
  headers.delete(USER_HEADER);
  return {
    url: request?.url ?? addressOf(input),
    method: (init.method ?? request?.method ?? 'GET').toUpperCase(),
    headers,
    user,
    body: init.body ?? request?.body ?? undefined,
    signal: init.signal ?? request?.signal ?? undefined,
    rest: request === undefined ? init : { ...settingsOf(request), ...init },
  };
}

/** The arguments with which `request` is sent, once, with another body or signal if given. Its headers go with it. */
export function fetchArguments(
  request: HttpRequest,
  changes: { readonly body?: string; readonly signal?: AbortSignal } = {},
): [url: string, init: RequestInit] {
  const { headers } = request;
  // Given lengths belong to the body that was given.
  if (changes.body !== undefined) headers.delete('content-length');
  const init: RequestInit = { ...request.rest, method: request.method, headers };
  const body = changes.body ?? request.body;
  if (body !== undefined) init.body = body as NonNullable<RequestInit['body']>;
  const signal = changes.signal ?? request.signal;
  if (signal !== undefined) init.signal = signal;
  // Streams can only be sent half duplex, and only `Request`s bring one along unasked.
  return [request.url, isStream(init.body) ? ({ duplex: 'half', ...init } as RequestInit) : init];
}

/** The body as text, which has to be sent in its place. Throws `input_invalid` for forms and for none. */
export async function bodyText(request: HttpRequest): Promise<string> {
  const { body } = request;
  if (typeof body === 'string') return body;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    return new TextDecoder().decode(body as ArrayBuffer);
  }
  if (body instanceof Blob) return await body.text();
  if (body instanceof ReadableStream) return await new Response(body as ReadableStream).text();
  throw new BursarError('input_invalid', {
    field: 'body',
    message: 'Bursar has to read the request before it is sent: give its body as JSON text',
  });
}

function isStream(body: unknown): boolean {
  return body instanceof ReadableStream;
}

function addressOf(input: string | URL | Request): string {
  return typeof input === 'object' && 'href' in input ? input.href : (input as string);
}

/** What of a `Request` is neither address, method, headers, body nor signal. */
function settingsOf(request: Request): RequestInit {
  const { cache, credentials, integrity, keepalive, mode, redirect } = request;
  const settings = { cache, credentials, integrity, keepalive, mode, redirect };
  // Some runtimes lack some of them, and refuse to be given what they lack.
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
