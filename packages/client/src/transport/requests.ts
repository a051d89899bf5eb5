/** Sending single requests: by `fetch`, or in Node, where `fetch` costs several times as much, by Node's own client. */
import { loading } from '../loading.ts';
import type { HttpServer } from './http-transport.ts';

/** As much of an answer as is looked at. */
export interface Reply {
  readonly status: number;
  text(): Promise<string>;
}

/** A request that is sent. */
export interface SentRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request. Rejects with what the runtime rejects with. */
export type Send = (url: string, request: SentRequest) => Promise<Reply>;

/** Longest wait for an answer by default, in milliseconds. */
export const REQUEST_MS_MAX = 5_000;

const loadNode = loading(() => import('./node-requests.ts'));

/** How requests to `server` are sent, each with its token, and how to stop. */
export function requestsTo(server: HttpServer): {
  readonly send: Send;
  readonly close: () => void;
} {
  const byFetch: Send = (url, { method, headers, body }) =>
    (server.fetch ?? fetch)(url, {
      method,
      headers: { ...headers, ...authorization(server) },
      signal: AbortSignal.timeout(server.requestMsMax ?? REQUEST_MS_MAX),
      ...(body !== undefined && { body }),
    });
  if (server.fetch !== undefined || !hasNodeClient()) return { send: byFetch, close: () => {} };
  let close = (): void => {};
  let byNode: Send | undefined;
  return {
    send: async (url, request) => {
      if (byNode === undefined) {
        const { NodeRequests } = await loadNode();
        const requests = new NodeRequests(server, byFetch);
        byNode ??= (to, what) => requests.send(to, what);
        close = () => requests.close();
      }
      return await byNode(url, request);
    },
    close: () => close(),
  };
}

/** The header that says who asks. */
export function authorization({ token }: HttpServer): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** What of Node's `process` is looked at, where there is one. */
export interface NodeProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly versions: Readonly<Record<string, string | undefined>>;
  /** A module of Node's, without an import that a bundler would look for. */
  readonly getBuiltinModule?: (name: string) => unknown;
}

/** Whether this is Node, and its client is not told to leave proxies to `fetch`. */
function hasNodeClient(): boolean {
  const { process } = globalThis as { readonly process?: NodeProcess };
  if (process?.getBuiltinModule === undefined || process.versions === undefined) return false;
  const { node, bun, deno } = process.versions;
  const isNode = node !== undefined && bun === undefined && deno === undefined;
  return isNode && process.env['NODE_USE_ENV_PROXY'] === undefined;
}
