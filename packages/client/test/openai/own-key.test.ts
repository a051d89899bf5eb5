/** The user's own key, through the real openai package: it pays when the service's credit does not. */
import { startProvider } from '@bursar/local-provider';
import OpenAI, { AuthenticationError } from 'openai';
import { describe, expect, it } from 'vitest';
import { denialOf } from '../../src/denial.ts';
import type { WrapOptions } from '../../src/wrap-options.ts';
import { MODEL, openWorld, REACHES } from '../support/world.ts';

const SECRETS = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
const KEY = 'sk-own-0123456789abcdefghijkOWN1';
const ASK = {
  model: MODEL,
  messages: [{ role: 'user' as const, content: 'Say something about thrift.' }],
  max_completion_tokens: 50,
};

describe.each(REACHES)('%s: with ownKey', (reach) => {
  const open = () => openWorld(reach, { ownKeySecrets: SECRETS, defaultLimitUsd: '0.0001' });

  /** Asks until the credit is used up; answers how many calls it paid for. */
  async function spendCredit(client: OpenAI): Promise<number> {
    for (let calls = 0; ; calls += 1) {
      try {
        await client.chat.completions.create(ASK);
      } catch (error) {
        if (denialOf(error)?.reason !== 'budget_exhausted') throw error;
        return calls;
      }
    }
  }

  it.each([
    ['from the vault', 'vault'],
    ['from the product', () => KEY],
  ] satisfies [string, WrapOptions['ownKey']][])(
    'F45: calls beyond the credit are made with the user’s key %s, tracked apart, and the credit stays as it is',
    async (_, ownKey) => {
      await using world = await open();
      await world.bursar.keys.register({ user: 'alice', key: KEY });
      const paid = await spendCredit(world.openai());
      await world.bursar.settled();
      const before = await world.bursar.usage.current({ user: 'alice' });
      const client = world.openai({ ownKey });
      await client.chat.completions.create(ASK);
      for await (const _chunk of await client.chat.completions.create({ ...ASK, stream: true }));
      await world.bursar.settled();
      const hints = world.provider.calls.map(({ keyHint }) => keyHint);
      expect(hints).toEqual([...Array.from({ length: paid }, () => 'test'), 'OWN1', 'OWN1']);
      const credit = await world.bursar.usage.current({ user: 'alice' });
      expect(credit.settledUsd).toBe(before.settledUsd);
      const own = await world.bursar.usage.current({ user: 'alice', budget: 'own-key' });
      expect(Number(own.settledUsd)).toBeGreaterThan(0);
      expect(own).toMatchObject({ limitUsd: null, reservedUsd: '0.00' });
    },
  );

  it('F45: a key that the provider does not take is a typed error, charges nothing, and pays no more', async () => {
    await using world = await open();
    const strict = await startProvider({ apiKey: 'sk-test' });
    try {
      await world.bursar.keys.register({ user: 'alice', key: KEY });
      const plain = new OpenAI({ apiKey: 'sk-test', baseURL: strict.url, maxRetries: 2 });
      await spendCredit(world.bursar.wrap(plain, { user: 'alice' }));
      const client = world.bursar.wrap(plain, { user: 'alice', ownKey: 'vault' });
      const calls = strict.totals().arrived;
      const rejected = await client.chat.completions.create(ASK).catch((error: unknown) => error);
      expect(rejected).toBeInstanceOf(AuthenticationError);
      expect(rejected).toMatchObject({ status: 401, code: 'own_key_rejected' });
      expect(JSON.stringify(rejected) + String(rejected)).not.toContain(KEY);
      // Asked once, not again by the package's retries.
      expect(strict.totals().arrived).toBe(calls + 1);
      const own = await world.bursar.usage.current({ user: 'alice', budget: 'own-key' });
      expect(own).toMatchObject({ settledUsd: '0.00', reservedUsd: '0.00' });
      const { keys } = await world.bursar.keys.list({ user: 'alice' });
      expect(keys).toMatchObject([{ rejected: { reason: 'invalid' } }]);
      const denied = denialOf(
        await client.chat.completions.create(ASK).catch((error: unknown) => error),
      );
      expect(denied).toMatchObject({ reason: 'budget_exhausted', ownKey: { state: 'rejected' } });
    } finally {
      await strict.close();
    }
  });

  it('a response in the background is asked for with the key that pays for it', async () => {
    await using world = await open();
    await world.bursar.keys.register({ user: 'alice', key: KEY });
    await spendCredit(world.openai());
    const before = world.provider.calls.length;
    const client = world.openai({ ownKey: 'vault' });
    const { id } = await client.responses.create({ model: MODEL, input: 'hi', background: true });
    // Any client of the connection may ask, also one whose calls the service pays for.
    await world.openai({ user: 'bob', ownKey: 'vault' }).responses.retrieve(id);
    const hints = world.provider.calls.slice(before).map(({ keyHint }) => keyHint);
    expect(hints).toEqual(['OWN1', 'OWN1']);
    await world.bursar.settled();
    const own = await world.bursar.usage.current({ user: 'alice', budget: 'own-key' });
    expect(own.reservedUsd).toBe('0.00');
    expect(Number(own.settledUsd)).toBeGreaterThan(0);
  });

  it('F45: when the credit returns it pays again', async () => {
    await using world = await open();
    await world.bursar.keys.register({ user: 'alice', key: KEY });
    await spendCredit(world.openai());
    const client = world.openai({ ownKey: 'vault' });
    await client.chat.completions.create(ASK);
    await world.bursar.limits.set({ user: 'alice', limitUsd: '1.00' });
    await client.chat.completions.create(ASK);
    expect(world.provider.calls.slice(-2).map(({ keyHint }) => keyHint)).toEqual(['OWN1', 'test']);
  });

  it('a key that cannot be had makes no call, and leaves nothing set aside', async () => {
    await using world = await open();
    await world.bursar.keys.register({ user: 'alice', key: KEY });
    await spendCredit(world.openai());
    const calls = world.provider.totals().arrived;
    const client = world.openai({
      ownKey: () => {
        throw new Error('the product has lost it');
      },
    });
    await expect(client.chat.completions.create(ASK)).rejects.toThrow('Connection error');
    expect(world.provider.totals().arrived).toBe(calls);
    await world.bursar.settled();
    const own = await world.bursar.usage.current({ user: 'alice', budget: 'own-key' });
    expect(own).toMatchObject({ reservedUsd: '0.00' });
  });
});
