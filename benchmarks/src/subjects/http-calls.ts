/** Calls over HTTP by the least that Node has: an agent that keeps its connections, and no library. */
import { Agent, request } from 'node:http';

/** One call of a procedure. */
export interface HttpCall {
  readonly path: string;
  readonly input: object;
}

/** Keeps as many connections as there are callers. */
export class HttpCalls {
  readonly #agent: Agent;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `headers` go with every request. */
  constructor(url: string, connections: number, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** The answer's data. Rejects when it is not a result. */
  async one<Data>({ path, input }: HttpCall): Promise<Data> {
    return dataIn<Data>(JSON.parse(await this.#post(path, JSON.stringify(input))));
  }

  /** Several calls in one request, and the data of each answer. */
  async batch<Data>(calls: readonly HttpCall[]): Promise<readonly Data[]> {
    const paths = calls.map(({ path }) => path).join(',');
    const inputs = Object.fromEntries(calls.map(({ input }, index) => [index, input]));
    const text = await this.#post(`${paths}?batch=1`, JSON.stringify(inputs));
    return (JSON.parse(text) as readonly unknown[]).map(dataIn<Data>);
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(path: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#url}/trpc/${path}`,
        {
          method: 'POST',
          agent: this.#agent,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            ...this.#headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () => resolve(text));
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

function dataIn<Data>(answer: unknown): Data {
  const { result } = answer as { result?: { data: Data } };
  if (result === undefined)
    throw new Error(`a call failed: ${JSON.stringify(answer).slice(0, 300)}`);
  return result.data;
}
