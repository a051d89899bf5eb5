/**
 * Routing: what a request is for, decided once, on the parsed path.
 *
 * Neither the Host header nor the raw text of the URL decides anything. What is neither a health route nor
 * below the procedures' path does not exist.
 */
import type { IncomingMessage } from 'node:http';
import { BursarError } from '@bursar/core';

/** Longest URL: a name of 10 kB in a query still fits, percent-encoded. Clients: `maxURLLength`. */
export const URL_LENGTH_MAX = 32_768;
/** Where the procedures are. */
export const PROCEDURES_PATH = '/trpc/';
/** Most calls in one batch. Clients: `maxItems`. */
export const BATCH_CALLS_MAX = 100;

/** What a request is for. */
export type Route =
  | { readonly kind: 'healthz' | 'readyz' }
  | {
      readonly kind: 'procedures';
      /** Path and query, normalised: everything behind must read this and not the raw URL. */
      readonly url: string;
    };

/** The route of `request`. Throws `route_not_found`, `payload_too_large` or `input_invalid`. */
export function routeOf(request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): Route {
  const { method = '', url = '' } = request;
  if (url.length > URL_LENGTH_MAX)
    throw tooLarge('url', `The URL must be at most ${URL_LENGTH_MAX} characters`);
  // `//host/path` and `http://host/path` would name a host; only a plain path is a path here.
  if (!/^\/(?!\/)/.test(url)) throw notFound();
  const parsed = URL.parse(url, 'http://localhost');
  if (parsed === null) throw notFound();
  const { pathname, search, searchParams } = parsed;
  if (pathname === '/healthz' || pathname === '/readyz') {
    if (method !== 'GET' && method !== 'HEAD') throw notFound();
    return { kind: pathname === '/healthz' ? 'healthz' : 'readyz' };
  }
  if (!pathname.startsWith(PROCEDURES_PATH)) throw notFound();
  if (method !== 'GET' && method !== 'POST') throw notFound();
  if (method === 'POST' && !isJson(request.headers['content-type'])) {
    throw new BursarError('input_invalid', {
      field: 'content-type',
      message: 'Send the request with content-type: application/json.',
    });
  }
  if (!isJsonOrNothing(searchParams.get('input'))) {
    throw new BursarError('input_invalid', {
      field: 'input',
      message: 'The query parameter "input" must be JSON, percent-encoded.',
    });
  }
  if (callsIn(pathname) > BATCH_CALLS_MAX) {
    throw tooLarge('batch', `A batch must be at most ${BATCH_CALLS_MAX} calls`);
  }
  return { kind: 'procedures', url: pathname + search };
}

function callsIn(pathname: string): number {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    throw notFound();
  }
  return path.split(',').length;
}

/** Checked here because tRPC, which parses it again, would call it a body. */
function isJsonOrNothing(input: string | null): boolean {
  try {
    return input === null || JSON.parse(input) !== undefined;
  } catch {
    return false;
  }
}

/** Whether a body of this type is JSON. */
export function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

function notFound(): BursarError {
  return new BursarError('route_not_found', {
    message:
      'There is no such route. Procedures are called as GET or POST /trpc/<router>.<procedure>; /healthz and /readyz tell how the server is.',
  });
}

function tooLarge(field: string, problem: string): BursarError {
  return new BursarError('payload_too_large', {
    field,
    message: `${problem}; send less in one request.`,
  });
}
