/** What calls cost, over the service and a real tier: in memory, and on a real PostgreSQL. */
import {
  type Clock,
  MemoryTier,
  parsePriceFile,
  parseUsd,
  type PriceTable,
  readUsage,
  type Tier,
  type UsageStyle,
  withPriceFile,
} from '@bursar/core';
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';
import { MID_NOVEMBER, type PostgresServer, startPostgres } from '@bursar/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTierForTest } from '../stores/open-tier-for-test.ts';
import { ManualTime } from '../support/manual-time.ts';
import { refusalOf } from '../support/refusal.ts';
import { idOf, openTestService } from '../support/test-service.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

/** A tier on which nobody has a limit of their own, and everybody has `limitUsd`. */
type OpenTier = (clock: Clock, limitUsd: string) => Promise<Tier>;
const TIERS: readonly (readonly [string, OpenTier])[] = [
  ['memory', async (clock, usd) => new MemoryTier({ clock, defaultLimit: parseUsd(usd) })],
  [
    'PostgreSQL',
    async (clock, usd) =>
      openTierForTest(
        { url: await server.createDatabase() },
        { clock, defaultLimit: parseUsd(usd) },
      ),
  ],
];

/** The catalogue with the prices that an operator wrote down. */
function pricesWith(models: Readonly<Record<string, unknown>>): PriceTable {
  return withPriceFile(DEFAULT_PRICE_TABLE, parsePriceFile(models), MID_NOVEMBER);
}

describe.each(TIERS)('on %s', (_name, openTier) => {
  /** Runs `use` with services on one tier, each with prices of its own. */
  async function withTier(
    limitUsd: string,
    use: (bursarAt: (prices?: PriceTable) => Bursar, time: ManualTime) => Promise<void>,
  ): Promise<void> {
    const time = new ManualTime();
    const tier = await openTier(time, limitUsd);
    try {
      await use(
        (prices = DEFAULT_PRICE_TABLE) =>
          openTestService({ tier, time, prices, defaultLimitUsd: limitUsd }).as(),
        time,
      );
    } finally {
      await tier.close();
    }
  }

  it('F03: of five calls above the context tier at once, exactly the two that fit at its price pass', async () => {
    await withTier('1.60', async (bursarAt) => {
      const bursar = bursarAt();
      // 300,000 × 2.50 + 1,000 × 15.00 USD a million is 0.765; at the base price four would fit.
      const answers = await Promise.all(
        [1, 2, 3, 4, 5].map((call) =>
          bursar.meter.reserve({
            reservation: idOf(call),
            user: 'alice',
            model: 'gemini-2.5-pro',
            estimate: { inputTokens: 300_000, outputTokensMax: 1_000 },
          }),
        ),
      );
      const allowed = answers.flatMap((answer) => (answer.decision === 'allowed' ? [answer] : []));
      expect(allowed).toHaveLength(2);
      expect(allowed).toMatchObject([{ heldUsd: '0.765' }, { heldUsd: '0.765' }]);

      // What turns out to be short is charged at the base price, as a whole.
      const [first, second] = allowed.map(({ reservation }) => reservation);
      const long = { inputTokens: 150_000, cachedInputTokens: 50_001, outputTokens: 1_000 };
      const short = { inputTokens: 150_000, cachedInputTokens: 50_000, outputTokens: 1_000 };
      expect(await bursar.meter.settle({ reservation: first ?? '', usage: long })).toMatchObject({
        costUsd: '0.40250025',
      });
      expect(await bursar.meter.settle({ reservation: second ?? '', usage: short })).toMatchObject({
        costUsd: '0.20375',
      });
    });
  });

  it('F04: without a price there is no free ride, and with one, or a model to be charged as, there is', async () => {
    await withTier('1.00', async (bursarAt) => {
      const estimate = { inputTokens: 100_000, outputTokensMax: 100_000 };
      const call = (reservation: string, model: string) => ({
        reservation,
        user: 'alice',
        model,
        estimate,
      });
      for (const model of ['gpt-9', 'painter-9', 'speaker-9']) {
        const refusal = await refusalOf(bursarAt().meter.reserve(call(idOf(1), model)));
        expect(refusal).toMatchObject({ code: 'price_unknown', field: 'model' });
        expect(refusal.message).toContain(`"${model}"`);
        expect(refusal.message).toContain('add it to the price overrides (BURSAR_PRICES_FILE)');
      }
      const bursar = bursarAt(
        pricesWith({
          'gpt-9': { inputTokens: '1', outputTokens: '2' },
          'painter-9': { chargeAs: 'gpt-4o-mini' },
        }),
      );
      // 100,000 × 1 + 100,000 × 2 USD a million; and as gpt-4o-mini: 0.15 and 0.60.
      expect(await bursar.meter.reserve(call(idOf(2), 'gpt-9'))).toMatchObject({ heldUsd: '0.30' });
      const asMini = await bursar.meter.reserve(call(idOf(3), 'painter-9'));
      expect(asMini).toMatchObject({ decision: 'allowed', heldUsd: '0.075' });
      expect(
        await bursar.meter.settle({
          reservation: idOf(3),
          usage: { inputTokens: 1_000, outputTokens: 1_000 },
        }),
      ).toMatchObject({ costUsd: '0.00075' });
      expect(await refusalOf(bursar.meter.reserve(call(idOf(4), 'speaker-9')))).toMatchObject({
        code: 'price_unknown',
      });
      // Nothing was set aside for what was refused.
      expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
        reservedUsd: '0.30',
        settledUsd: '0.00075',
      });
    });
  });

  it('F04: usage that the price does not cover is charged with no less than was set aside', async () => {
    await withTier('1.00', async (bursarAt) => {
      const bursar = bursarAt(pricesWith({ talker: { inputTokens: '1', outputTokens: '2' } }));
      const estimate = { inputTokens: 10_000, outputTokensMax: 10_000 };
      const talker = { user: 'alice', model: 'talker', estimate };
      await bursar.meter.reserve({ reservation: idOf(1), ...talker });
      const usage = { inputTokens: 1_000, audioOutputTokens: 5 };
      expect(await bursar.meter.settle({ reservation: idOf(1), usage })).toMatchObject({
        costUsd: '0.03',
      });
      const { entries } = await bursar.usage.history({ user: 'alice' });
      expect(entries[0]?.detail).toMatchObject({ unpriced: ['audioOutputTokens'] });
    });
  });

  it('F06: a free model stays usable when everything is spent, and a paid one does not', async () => {
    await withTier('0.50', async (bursarAt) => {
      const bursar = bursarAt(pricesWith({ 'my-free': { inputTokens: '0', outputTokens: '0' } }));
      await bursar.meter.reserve({
        reservation: idOf(1),
        user: 'alice',
        model: 'gpt-4o',
        amountUsd: '0.50',
      });
      await bursar.meter.settle({ reservation: idOf(1), costUsd: '0.50' });
      const estimate = { inputTokens: 1_000_000, outputTokensMax: 1_000_000 };
      const paid = { reservation: idOf(2), user: 'alice', model: 'gpt-4o-mini', estimate };
      expect(await bursar.meter.reserve(paid)).toMatchObject({
        decision: 'denied',
        reason: 'limit_too_small',
      });
      // Free by the operator's word, and by the catalogue's.
      for (const [call, model] of ['my-free', 'omni-moderation-latest'].entries()) {
        const free = { reservation: idOf(10 + call), user: 'alice', model, estimate };
        expect(await bursar.meter.reserve(free)).toMatchObject({
          decision: 'allowed',
          heldUsd: '0.00',
        });
        expect(
          await bursar.meter.settle({
            reservation: idOf(10 + call),
            usage: { inputTokens: 900_000 },
          }),
        ).toMatchObject({ costUsd: '0.00', overageUsd: '0.00' });
      }
      expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
        settledUsd: '0.50',
        availableUsd: '0.00',
      });
    });
  });

  it('F42: cached tokens of every provider style are booked as the provider charges them', async () => {
    await withTier('1.00', async (bursarAt) => {
      const bursar = bursarAt();
      for (const [index, { style, model, answer, costUsd }] of ANSWERS.entries()) {
        const reservation = idOf(index);
        const { usage, serviceTier } = readUsage(style, answer);
        const estimate = { inputTokens: 30_000, outputTokensMax: 1_000 };
        await bursar.meter.reserve({ reservation, user: 'alice', model, estimate });
        expect(await bursar.meter.settle({ reservation, usage, serviceTier })).toMatchObject({
          costUsd,
        });
      }
      const { entries } = await bursar.usage.history({ user: 'alice' });
      expect(entries.map(({ detail }) => (detail as { provider: string }).provider)).toEqual([
        'google',
        'anthropic',
        'anthropic',
        'openai',
      ]);
    });
  });

  it('a price is agreed at reserve, with its service tiers, whatever the table says at settle', async () => {
    await withTier('1.00', async (bursarAt) => {
      const prices = (inputTokens: string, batch: string) =>
        pricesWith({ mine: { inputTokens, outputTokens: '0', serviceTiers: { batch } } });
      const estimate = { inputTokens: 100_000, outputTokensMax: 0 };
      const mine = { reservation: idOf(1), user: 'alice', model: 'mine', estimate };
      const before = bursarAt(prices('1', '0.5'));
      const { priceVersion } = (await before.meter.reserve(mine)) as { priceVersion: string };
      const after = bursarAt(prices('3', '0.9'));
      expect(
        await after.meter.settle({
          reservation: idOf(1),
          usage: { inputTokens: 100_000 },
          serviceTier: 'batch',
        }),
      ).toMatchObject({ costUsd: '0.05' });
      const { entries } = await after.usage.history({ user: 'alice' });
      expect(entries[0]?.detail).toMatchObject({ priceVersion, serviceTier: 'batch' });
    });
  });

  it('a price that changes with the day or the hour is that of the moment of reserving', async () => {
    await withTier('1.00', async (bursarAt, time) => {
      const bursar = bursarAt();
      const estimate = { inputTokens: 0, outputTokensMax: 100_000 };
      const heldAt = async (call: number, atMs: number) => {
        await time.advance(atMs - time.nowMs());
        const model = 'deepseek-v4-flash';
        return await bursar.meter.reserve({ reservation: idOf(call), user: 'al', model, estimate });
      };
      const night = Date.UTC(2026, 10, 16);
      const HOUR = 3_600_000;
      expect(await heldAt(1, night + HOUR - 1)).toMatchObject({ heldUsd: '0.066' });
      expect(await heldAt(2, night + HOUR)).toMatchObject({ heldUsd: '0.132' });
      await time.advance(4 * HOUR);
      const usage = { outputTokens: 100_000 };
      expect(await bursar.meter.settle({ reservation: idOf(2), usage })).toMatchObject({
        costUsd: '0.132',
      });
    });
  });

  it('a long cache write is set aside for where the call asks for it', async () => {
    await withTier('1.00', async (bursarAt) => {
      const bursar = bursarAt();
      const estimate = { inputTokens: 10_000, outputTokensMax: 0 };
      const call = { user: 'alice', model: 'claude-opus-5' };
      // 6.25 USD a million for five minutes, 10.00 for an hour.
      expect(await bursar.meter.reserve({ reservation: idOf(1), ...call, estimate })).toMatchObject(
        { heldUsd: '0.0625' },
      );
      expect(
        await bursar.meter.reserve({
          reservation: idOf(2),
          ...call,
          estimate: { ...estimate, longCache: true },
        }),
      ).toMatchObject({ heldUsd: '0.10' });
    });
  });

  it('a service tier is set aside for and charged, and one without a price is refused', async () => {
    await withTier('1.00', async (bursarAt) => {
      const bursar = bursarAt();
      const estimate = { inputTokens: 10_000, outputTokensMax: 0 } as const;
      const call = { user: 'alice', model: 'gpt-4o' };
      const inTier = (id: number, serviceTier: 'priority' | 'batch' | 'ultrafast') =>
        bursar.meter.reserve({
          reservation: idOf(id),
          ...call,
          estimate: { ...estimate, serviceTier },
        });
      expect(await inTier(1, 'priority')).toMatchObject({ heldUsd: '0.0425' });
      expect(await inTier(2, 'batch')).toMatchObject({ heldUsd: '0.0125' });
      expect(await refusalOf(inTier(3, 'ultrafast'))).toMatchObject({
        code: 'price_unknown',
        message: expect.stringContaining('does not cover the service tier ultrafast'),
      });
      // Served in another tier than was asked for.
      const usage = { inputTokens: 10_000 };
      expect(
        await bursar.meter.settle({ reservation: idOf(1), usage, serviceTier: 'standard' }),
      ).toMatchObject({ costUsd: '0.025' });
      // A tier that costs nobody knows how much costs no less than was set aside.
      expect(
        await bursar.meter.settle({
          reservation: idOf(2),
          usage: { inputTokens: 1 },
          serviceTier: 'other',
        }),
      ).toMatchObject({ costUsd: '0.0125' });
    });
  });

  it('a model that only has sellers needs the name of one', async () => {
    await withTier('1.00', async (bursarAt) => {
      const bursar = bursarAt();
      const estimate = { inputTokens: 100_000, outputTokensMax: 0 };
      const call = { user: 'alice', model: 'openai/gpt-oss-120b', estimate };
      const refusal = await refusalOf(bursar.meter.reserve({ reservation: idOf(1), ...call }));
      expect(refusal).toMatchObject({ code: 'price_unknown' });
      expect(refusal.message).toContain('name the provider (it has prices at ');
      expect(
        await bursar.meter.reserve({ reservation: idOf(2), ...call, provider: 'groq' }),
      ).toMatchObject({ heldUsd: '0.015' });
      // Bedrock asks a tenth more than the maker, who is meant when nobody is named.
      const claude = { ...call, model: 'claude-opus-5', provider: 'aws' };
      expect(
        await bursar.meter.reserve({ reservation: idOf(4), ...claude, user: 'bob' }),
      ).toMatchObject({ heldUsd: '0.6875' });
      const named = { ...call, model: 'cerebras/gpt-oss-120b' };
      expect(await bursar.meter.reserve({ reservation: idOf(3), ...named })).toMatchObject({
        heldUsd: '0.035',
      });
    });
  });
});

type Bursar = ReturnType<ReturnType<typeof openTestService>['as']>;

/** Answers with cached tokens, and what their providers charge for them. */
const ANSWERS: readonly {
  readonly style: UsageStyle;
  readonly model: string;
  readonly answer: unknown;
  readonly costUsd: string;
}[] = [
  {
    style: 'openai',
    model: 'gpt-4o',
    answer: {
      usage: {
        prompt_tokens: 2_000,
        completion_tokens: 100,
        total_tokens: 2_100,
        prompt_tokens_details: { cached_tokens: 1_500 },
      },
      service_tier: 'default',
    },
    // 500 × 2.50 + 1,500 × 1.25 + 100 × 10 USD a million
    costUsd: '0.004125',
  },
  {
    style: 'anthropic',
    model: 'claude-opus-5',
    answer: {
      usage: {
        input_tokens: 100,
        cache_read_input_tokens: 10_000,
        cache_creation_input_tokens: 3_000,
        cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 2_000 },
        output_tokens: 200,
        service_tier: 'standard',
      },
    },
    // 100 × 5 + 10,000 × 0.50 + 1,000 × 6.25 + 2,000 × 10 + 200 × 25
    costUsd: '0.03675',
  },
  {
    style: 'anthropic',
    model: 'claude-opus-5',
    answer: {
      usage: { input_tokens: 100, output_tokens: 200, service_tier: 'batch' },
    },
    // Half of 100 × 5 + 200 × 25
    costUsd: '0.00275',
  },
  {
    style: 'google',
    model: 'gemini-2.5-flash',
    answer: {
      usageMetadata: {
        promptTokenCount: 5_000,
        cachedContentTokenCount: 4_000,
        candidatesTokenCount: 100,
        thoughtsTokenCount: 300,
        totalTokenCount: 5_400,
      },
    },
    // 1,000 × 0.30 + 4,000 × 0.03 + 400 × 2.50
    costUsd: '0.00142',
  },
];
