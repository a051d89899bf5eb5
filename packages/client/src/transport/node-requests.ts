/**
 * Requests by Node's own HTTP client, on connections that are kept.
 *
 * Loaded in Node only, and without an import of Node's: bundles for the edge and for browsers stay free of it.
 */
import type { HttpServer } from './http-transport.ts';
import {
  authorization,
  type NodeProcess,
  type Reply,
  REQUEST_MS_MAX,
  type Send,
  type SentRequest,
} from './requests.ts';

interface Emitter {
  on(event: 'data', listener: (text: string) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

interface Incoming extends Emitter {
  readonly statusCode?: number;
  setEncoding(encoding: 'utf8'): void;
}

interface Outgoing extends Emitter {
  end(body?: string): void;
  destroy(error: Error): void;
}

interface Agent {
  destroy(): void;
}

/** As much of `node:http` and `node:https` as is used. */
interface NodeHttp {
  readonly Agent: new (options: { readonly keepAlive: boolean }) => Agent;
  readonly request: (
    url: string,
    options: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly agent: Agent;
    },
    onAnswer: (answer: Incoming) => void,
  ) => Outgoing;
}

/** Sends requests to one server. */
export class NodeRequests {
  readonly #server: HttpServer;
  readonly #elsewhere: Send;
  readonly #http: NodeHttp;
  readonly #agent: Agent;

  /** `elsewhere` sends what is answered with another address, which this client does not follow. */
  constructor(server: HttpServer, elsewhere: Send) {
    const { process } = globalThis as unknown as { readonly process: NodeProcess };
    const name = server.url.startsWith('https:') ? 'https' : 'http';
    this.#http = process.getBuiltinModule?.(name) as NodeHttp;
    this.#agent = new this.#http.Agent({ keepAlive: true });
    this.#server = server;
    this.#elsewhere = elsewhere;
  }

  /** See `Send`. */
  async send(url: string, request: SentRequest): Promise<Reply> {
    const reply = await this.#exchange(url, request);
    const isElsewhere = reply.status >= 300 && reply.status < 400;
    return isElsewhere ? await this.#elsewhere(url, request) : reply;
  }

  /** Ends connections that are kept; those with a request under way end after it. */
  close(): void {
    this.#agent.destroy();
  }

  #exchange(url: string, { method, headers, body }: SentRequest): Promise<Reply> {
    const { requestMsMax = REQUEST_MS_MAX } = this.#server;
    return new Promise((resolve, reject) => {
      const request = this.#http.request(
        url,
        { method, headers: { ...headers, ...authorization(this.#server) }, agent: this.#agent },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (piece) => (text += piece));
          answer.on('error', fail);
          answer.on('end', () => {
            clearTimeout(timer);
            resolve({ status: answer.statusCode ?? 0, text: () => Promise.resolve(text) });
          });
        },
      );
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(
        () => request.destroy(new Error(`no answer within ${requestMsMax} ms`)),
        requestMsMax,
      );
      request.on('error', fail);
      request.end(body);
    });
  }
}
