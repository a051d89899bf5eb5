/** A whole Bursar over a memory store, listening on a free port, with time in the test's hands. */
import { type TokenScope } from '@bursar/api';
import { type Command, MemoryTier, type OutcomeOf, parseUsd, tenantId } from '@bursar/core';
import type { Store } from '../../src/open-store.ts';
import { MemorySpendFacts } from '../../src/policies/memory-spend-facts.ts';
import { MemoryOwnKeyStore } from '../../src/own-keys/memory-own-key-store.ts';
import { createLog } from '../../src/telemetry/logger.ts';
import { MemoryTokenStore } from '../../src/tokens/memory-token-store.ts';
import { makeServiceToken } from '../../src/tokens/service-token.ts';
import { type Bursar, startBursar } from '../../src/wiring.ts';
import { ManualTime } from './manual-time.ts';
import { testPrices } from './test-service.ts';

export const BOOTSTRAP_TOKEN = 'bootstrap-token-of-the-tests-0123456789';

/** An answer as it came, and its JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    readonly result?: { readonly data: Readonly<Record<string, unknown>> };
    readonly error?: {
      readonly message: string;
      readonly code: number;
      readonly data: {
        readonly code: string;
        readonly field?: string;
        readonly httpStatus: number;
      };
    };
  };
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly bursar: Bursar;
  readonly tier: MemoryTier;
  readonly tokens: MemoryTokenStore;
  readonly time: ManualTime;
  /** Lines of the log so far. */
  readonly log: readonly string[];
  /** A token that is good for `scopes` of `tenant`. */
  tokenFor(scopes: readonly TokenScope[], tenant?: string): Promise<string>;
  /** POSTs `input` to a procedure. A string is sent as it is. */
  post(path: string, input: unknown, token?: string | null): Promise<Answer>;
  /** GETs a procedure with `input`. */
  get(path: string, input: unknown, token?: string | null): Promise<Answer>;
  /** From now on commands wait until they are let go. */
  hold(): { readonly letGo: () => void; readonly held: () => number };
}

/** Starts a server whose users have a default limit of one dollar. */
export async function startTestServer(
  over: Partial<Pick<Store, 'isCurrent' | 'ownKeys'>> & {
    readonly logLevel?: 'debug' | 'silent';
    readonly ownKeySecrets?: string;
  } = {},
): Promise<TestServer> {
  const time = new ManualTime();
  const tier = new MemoryTier({ clock: time, defaultLimit: parseUsd('1.00') });
  const tokens = new MemoryTokenStore();
  const log: string[] = [];
  const isCurrent = over.isCurrent ?? (async () => true);
  let gate = Promise.resolve();
  const execute = tier.execute.bind(tier);
  let held = 0;
  tier.execute = async <C extends Command>(command: C): Promise<OutcomeOf<C>> => {
    held += 1;
    await gate;
    held -= 1;
    return execute(command);
  };
  const bursar = startBursar(
    {
      tier,
      tokens,
      ownKeys: over.ownKeys ?? new MemoryOwnKeyStore(),
      spend: new MemorySpendFacts(tier),
      isCurrent,
      close: () => tier.close(),
    },
    parseUsd('1.00'),
    {
      time,
      prices: testPrices('v1'),
      bootstrapToken: BOOTSTRAP_TOKEN,
      ownKeySecrets: over.ownKeySecrets,
      log: createLog({
        level: over.logLevel ?? 'debug',
        destination: { write: (line) => void log.push(line) },
        secrets: [BOOTSTRAP_TOKEN],
      }),
    },
  );
  const url = await bursar.listen();
  const server: TestServer = {
    url,
    bursar,
    tier,
    tokens,
    time,
    log,
    tokenFor: async (scopes, tenant = 'acme') => {
      const made = makeServiceToken({
        tenant: tenantId(tenant),
        name: 'test',
        scopes,
        nowMs: time.nowMs(),
      });
      await tokens.add(made.record);
      return made.token;
    },
    post: (path, input, token = BOOTSTRAP_TOKEN) =>
      ask(`${url}/trpc/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization(token) },
        body: typeof input === 'string' ? input : JSON.stringify(input),
      }),
    get: (path, input, token = BOOTSTRAP_TOKEN) =>
      ask(`${url}/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`, {
        headers: authorization(token),
      }),
    hold: () => {
      let letGo = (): void => {};
      gate = new Promise((resolve) => (letGo = resolve));
      return { letGo: () => letGo(), held: () => held };
    },
    [Symbol.asyncDispose]: () => bursar.close(),
  };
  return server;
}

/** Sends a request as `fetch` does, and reads the answer, which must be JSON. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text) as Answer['body'],
  };
}

/** The header that carries `token`. */
export function authorization(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}
