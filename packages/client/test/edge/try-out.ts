/**
 * What is tried out in each runtime: a call that is granted, one that is denied, a stream, metered work, live usage. It is
 * bundled, so that nothing of Node comes along, and runs against a real server and the local provider.
 */
import OpenAI from 'openai';
import { connect, denialOf, isDenied } from '../../src/index.ts';

/** Where everything is. */
export interface Surroundings {
  readonly bursarUrl: string;
  readonly token: string;
  readonly providerUrl: string;
  readonly model: string;
  /** Of whom nobody else makes calls. */
  readonly user: string;
}

/** What came of it. */
export interface TriedOut {
  /** Characters of the granted call's answer. */
  readonly said: number;
  /** Pieces of the streamed one, and whether the usage that nobody asked for was among them. */
  readonly pieces: number;
  readonly usageShown: boolean;
  /** Of the granted call and the stream, decimal USD. */
  readonly settledUsd: string;
  /** What metered work resolved to. */
  readonly value: string;
  /** Why the denied call was denied, as its error and as `denialOf` have it. */
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly status: number | undefined;
  /** Whether it ran in Node after all. */
  readonly isNode: boolean;
}

/** Tries everything out. Throws what a call that should work fails with. */
export async function tryOut(where: Surroundings): Promise<TriedOut> {
  const { model, user } = where;
  const bursar = connect({ url: where.bursarUrl, token: where.token });
  const plain = new OpenAI({ apiKey: 'sk', baseURL: where.providerUrl, maxRetries: 0 });
  const openai = bursar.wrap(plain, { user });
  const chat = { model, messages: [{ role: 'user' as const, content: 'one two' }] };
  const answer = await openai.chat.completions.create(chat);
  let pieces = 0;
  let usageShown = false;
  for await (const chunk of await openai.chat.completions.create({ ...chat, stream: true })) {
    pieces += 1;
    usageShown ||= 'usage' in chunk;
  }
  await bursar.settled();
  const live = await bursar.usage.live({ user }).next();
  const value = await bursar.meter(
    { user, model, inputTokens: 5, outputTokensMax: 5 },
    async () => ({ value: 'done', usage: { inputTokens: 1 } }),
  );
  const denied: unknown = await openai.chat.completions
    .create({ ...chat, n: 100, max_tokens: 100_000_000 })
    .catch((error: unknown) => error);
  await bursar.close();
  return {
    said: answer.choices[0]?.message.content?.length ?? 0,
    pieces,
    usageShown,
    settledUsd: live.value?.settledUsd ?? '',
    value,
    code: isDenied(denied) ? denied.code : undefined,
    reason: denialOf(denied)?.reason,
    status: isDenied(denied) ? denied.status : undefined,
    isNode: isNode(),
  };
}

/** Bun and Deno name Node's version too, beside their own. */
function isNode(): boolean {
  const { process, Bun, Deno } = globalThis as Record<string, unknown>;
  const { versions } = (process ?? {}) as { readonly versions?: { readonly node?: string } };
  return versions?.node !== undefined && Bun === undefined && Deno === undefined;
}
