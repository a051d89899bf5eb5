/** Responses that can be asked for again, by their id. The oldest go first when there are too many. */
import type { Answer } from '../answer.ts';
import type { TokenUsage } from '../token-usage.ts';
import type { ResponseIdentity } from './response-object.ts';

/** Most responses kept. */
const STORED_MAX = 1000;

export interface StoredResponse {
  /** The finished response, as `GET /v1/responses/{id}` answers it. */
  readonly body: object;
  readonly usage: TokenUsage | null;
  /** What it is made of, so that it can be streamed again. */
  readonly identity: ResponseIdentity;
  readonly answer: Answer;
  /** Tokens that a continuation of this conversation starts with. */
  readonly contextTokens: number;
}

export class ResponseStore {
  readonly #responses = new Map<string, StoredResponse>();

  find(id: string): StoredResponse | null {
    return this.#responses.get(id) ?? null;
  }

  keep(id: string, response: StoredResponse): void {
    this.#responses.set(id, response);
    if (this.#responses.size <= STORED_MAX) return;
    for (const oldest of this.#responses.keys()) {
      this.#responses.delete(oldest);
      return;
    }
  }
}
