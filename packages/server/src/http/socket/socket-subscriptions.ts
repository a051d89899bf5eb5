/** Subscriptions over a WebSocket, in tRPC's words: `started`, then data, then `stopped`. */
import { appRouter, type RequestContext } from '@bursar/api';
import { callTRPCProcedure, isTrackedEnvelope } from '@trpc/server';
import type { CallId } from './socket-message.ts';

/** Sends one message about the subscription `id`. */
export type SendResult = (id: CallId, result: object) => void;

/** The subscriptions of one socket. */
export class SocketSubscriptions {
  readonly #running = new Map<CallId, AbortController>();
  readonly #send: SendResult;

  constructor(send: SendResult) {
    this.#send = send;
  }

  /** Whether `id` is the name of a subscription that runs. */
  has(id: CallId): boolean {
    return this.#running.has(id);
  }

  /** Sends what the subscription `path` yields until it ends or is stopped. Rejects with what it fails with. */
  async run(
    id: CallId,
    { path, input }: { readonly path: string; readonly input: unknown },
    ctx: RequestContext,
  ): Promise<void> {
    const stopping = new AbortController();
    this.#running.set(id, stopping);
    try {
      const items = (await callTRPCProcedure({
        router: appRouter,
        path,
        getRawInput: async () => input,
        ctx,
        type: 'subscription',
        signal: stopping.signal,
        batchIndex: 0,
      })) as AsyncIterable<unknown>;
      this.#send(id, { type: 'started' });
      for await (const item of items) {
        if (!isTrackedEnvelope(item)) continue;
        const [eventId, data] = item;
        this.#send(id, { type: 'data', id: eventId, data: { id: eventId, data } });
      }
    } finally {
      this.#running.delete(id);
    }
    this.#send(id, { type: 'stopped' });
  }

  /** Ends the subscription `id`, if there is one. */
  stop(id: CallId): void {
    this.#running.get(id)?.abort();
  }

  /** Ends all of them. */
  stopAll(): void {
    for (const stopping of this.#running.values()) stopping.abort();
  }
}
