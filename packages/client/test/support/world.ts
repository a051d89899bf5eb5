/** Everything real: a Bursar in memory, the local provider, the openai package, one of the two transports. */
import type { HistoryEntry } from '@bursar/api';
import type { Usage } from '@bursar/core';
import { type Provider, startProvider } from '@bursar/local-provider';
import { type Bursar as Server, type BursarOptions, createBursar } from '@bursar/server';
import Anthropic, { type ClientOptions as AnthropicOptions } from '@anthropic-ai/sdk';
import OpenAI, { type ClientOptions } from 'openai';
import { wrapAnthropic } from '../../src/anthropic/index.ts';
import { type Bursar, connect } from '../../src/connect.ts';
import { type Runtime, SYSTEM_RUNTIME } from '../../src/runtime.ts';
import type { WrapOptions } from '../../src/wrap-options.ts';

/** How the client reaches the server; every promise holds for all. */
export type Reach = 'in-process' | 'http' | 'websocket';
/** Those that nearly everything is tried with; the third one differs from `http` in its transport alone. */
export const REACHES: readonly Reach[] = ['in-process', 'http'];

export const TOKEN = 'bk_test_world';
export const MODEL = 'gpt-4o-mini';

/** One ledger entry of a call, as far as tests look at it. */
export interface Booked {
  readonly kind: HistoryEntry['kind'];
  readonly basis?: string;
  readonly usage?: Usage;
  readonly model?: string;
}

export interface World extends AsyncDisposable {
  readonly server: Server;
  readonly provider: Provider;
  readonly bursar: Bursar;
  /** An OpenAI client of the local provider, without retries, wrapped for `alice`. */
  openai(options?: Partial<WrapOptions>, client?: ClientOptions): OpenAI;
  /** The same client unwrapped. */
  plainOpenai(client?: ClientOptions): OpenAI;
  /** An Anthropic client of the local provider, without retries, wrapped for `alice`. */
  anthropic(options?: Partial<WrapOptions>, client?: AnthropicOptions): Anthropic;
  /** The same client unwrapped. */
  plainAnthropic(client?: AnthropicOptions): Anthropic;
  /** What is set aside for the user, decimal USD, once every settlement under way is done. */
  reservedUsd(user?: string): Promise<string>;
  /** What was booked on the user, oldest first, once every settlement under way is done. */
  booked(user?: string): Promise<readonly Booked[]>;
}

/** A world of one's own: what is not the server's. */
interface OwnWorld {
  readonly runtime?: Runtime;
  /** Sends every request, to the provider and to Bursar. */
  readonly send?: typeof fetch;
}

/** Opens a world. `defaultLimitUsd` and the like are the server's. */
export async function openWorld(
  reach: Reach,
  { runtime = SYSTEM_RUNTIME, send, ...options }: BursarOptions & OwnWorld = {},
): Promise<World> {
  const provider = await startProvider();
  const server = await createBursar({
    store: { kind: 'memory' },
    bootstrapToken: TOKEN,
    ...options,
  });
  const bursar = await connectTo(server, reach, runtime, send);
  const sending = send === undefined ? {} : { fetch: send };
  const plainOpenai = (client?: ClientOptions): OpenAI =>
    new OpenAI({
      apiKey: 'sk-test',
      baseURL: provider.url,
      maxRetries: 0,
      ...sending,
      ...client,
    });
  const plainAnthropic = (client?: AnthropicOptions): Anthropic =>
    new Anthropic({
      apiKey: 'sk-ant-test',
      // Anthropic's paths have the version in them.
      baseURL: provider.url.replace(/\/v1$/, ''),
      maxRetries: 0,
      ...client,
    });
  return {
    server,
    provider,
    bursar,
    plainOpenai,
    openai: (options, client) => bursar.wrap(plainOpenai(client), { user: 'alice', ...options }),
    plainAnthropic,
    anthropic: (options, client) =>
      wrapAnthropic(bursar, plainAnthropic(client), { user: 'alice', ...options }),
    reservedUsd: async (user = 'alice') => {
      await bursar.settled();
      return (await bursar.usage.current({ user })).reservedUsd;
    },
    booked: async (user = 'alice') => {
      await bursar.settled();
      const { entries } = await bursar.usage.history({ user, limit: 200 });
      return entries.toReversed().map(bookedIn);
    },
    [Symbol.asyncDispose]: async () => {
      await provider.close();
      await bursar.close();
      await server.close();
    },
  };
}

/** A connection to `server`. */
export async function connectTo(
  server: Server,
  reach: Reach,
  runtime?: Runtime,
  send?: typeof fetch,
): Promise<Bursar> {
  if (reach !== 'in-process') {
    const listening = await server.listen();
    const url = reach === 'http' ? listening : listening.replace(/^http/, 'ws');
    return connect({ url, token: TOKEN, ...(send === undefined ? {} : { fetch: send }) }, runtime);
  }
  return connect({ bursar: server }, runtime);
}

function bookedIn({ kind, detail }: HistoryEntry): Booked {
  const { basis, usage, model } = (detail ?? {}) as unknown as Partial<Booked>;
  return {
    kind,
    ...(basis === undefined ? {} : { basis }),
    ...(usage === undefined ? {} : { usage }),
    ...(model === undefined ? {} : { model }),
  };
}

/** A user's message of exactly `words` tokens, as the local provider counts them. */
export function prompt(words: number): { readonly role: 'user'; readonly content: string } {
  return { role: 'user', content: Array.from({ length: words }, () => 'word').join(' ') };
}
