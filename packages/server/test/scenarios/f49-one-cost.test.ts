/**
 * F49: what a call has cost is computed once, when it is settled. Everything that shows it later (answers,
 * history, balances, the command line, the audit) shows what is stored, whatever the prices are by then.
 */
import { formatUsd, parseUsd, withPriceFile, parsePriceFile } from '@bursar/core';
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';
import { MID_NOVEMBER, type PostgresServer, startPostgres } from '@bursar/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bursar, createBursar } from '../../src/index.ts';
import { openDatabase } from '../../src/stores/postgres/open-database.ts';
import { ManualTime } from '../support/manual-time.ts';
import { idOf } from '../support/test-service.ts';
import { bursar as commandLine } from '../support/test-terminal.ts';

const CALLS = 1_000;
const USERS = ['alice', 'bob', 'carol', 'dave', 'eve'] as const;
const PERIOD = '2026-11';

const time = new ManualTime(MID_NOVEMBER);
let postgres: PostgresServer;
let url: string;
beforeAll(async () => {
  postgres = await startPostgres();
  url = await postgres.createDatabase();
});
afterAll(() => postgres.stop());

const open = (prices = DEFAULT_PRICE_TABLE): Promise<Bursar> =>
  createBursar({ store: { kind: 'postgres', url }, defaultLimitUsd: '100000', prices, time });

/** A call with everything that a price can depend on; many cost less than a cent, and some nothing. */
const anyCall = fc.record({
  user: fc.constantFrom(...USERS),
  model: fc.constantFrom('gpt-4o', 'gpt-4o-mini', 'gpt-5', 'omni-moderation-latest'),
  usage: fc.record({
    inputTokens: fc.oneof(fc.nat(9), fc.nat(300_000)),
    cachedInputTokens: fc.oneof(fc.constant(0), fc.nat(50_000)),
    outputTokens: fc.oneof(fc.nat(9), fc.nat(20_000)),
  }),
  end: fc.constantFrom('at once', 'at once', 'in two', 'released', 'as an amount'),
});
type Call = ReturnType<typeof callsOf>[number];
const callsOf = () => fc.sample(anyCall, { numRuns: CALLS, seed: 49 });

/** Makes the call; answers what it was said to have cost, in nano-USD. */
async function make(bursar: Bursar, call: Call, number: number): Promise<number> {
  const { meter } = bursar.caller({ tenant: 'default' });
  const reservation = idOf(number);
  const { user, model, end } = call;
  // The moderation model has no price for output.
  const usage = model.startsWith('omni') ? { inputTokens: call.usage.inputTokens } : call.usage;
  await meter.reserve({ reservation, user, model, amountUsd: '0.50' });
  if (end === 'released') {
    await meter.release({ reservation });
    return 0;
  }
  if (end === 'in two') {
    await meter.settle({ reservation, usage: { inputTokens: usage.inputTokens }, final: false });
  }
  const cost = { costUsd: formatUsd(BigInt(number) * 7n) };
  const settled = await meter.settle({
    reservation,
    ...(end === 'as an amount' ? cost : { usage }),
  });
  return parseUsd(settled.costUsd);
}

/** What `usage.history` shows of each reservation of `user`, summed up, in nano-USD. */
async function historyOf(bursar: Bursar, user: string): Promise<Map<string, number>> {
  const { usage } = bursar.caller({ tenant: 'default' });
  const costs = new Map<string, number>();
  let cursor: number | undefined;
  do {
    const page = await usage.history({ user, cursor, limit: 200 });
    for (const { reservation, amountUsd } of page.entries) {
      const id = reservation ?? '';
      costs.set(id, (costs.get(id) ?? 0) + parseUsd(amountUsd));
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return costs;
}

/** What is stored of each reservation, in nano-USD, read past everything else. */
async function stored(): Promise<Map<string, number>> {
  const database = await openDatabase({ url });
  const rows = await database.db
    .selectFrom('ledger_entries')
    .select(['reservation_id', 'amount_nano_usd'])
    .execute();
  await database.close();
  const costs = new Map<string, number>();
  for (const { reservation_id, amount_nano_usd } of rows) {
    const id = (reservation_id ?? '').split('/').at(-1) ?? '';
    costs.set(id, (costs.get(id) ?? 0) + Number(amount_nano_usd));
  }
  return costs;
}

/** The line of `name` that a command printed. */
const lineOf = (out: string, name: string): string | undefined =>
  out
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.slice(name.length)
    .replace('USD', '')
    .trim();

it('F49: of 1,000 random calls every surface shows the one stored cost, also after all prices have changed', async () => {
  const calls = callsOf();
  const costs = new Map<string, number>();
  const bursar = await open();
  for (let first = 0; first < CALLS; first += 50) {
    const batch = calls.slice(first, first + 50).map(async (call, index) => {
      costs.set(idOf(first + index), await make(bursar, call, first + index));
    });
    await Promise.all(batch);
  }
  await bursar.close();
  const spentBy = (user: string): number =>
    calls.reduce((sum, call, i) => (call.user === user ? sum + (costs.get(idOf(i)) ?? 0) : sum), 0);
  const total = USERS.reduce((sum, user) => sum + spentBy(user), 0);
  const below = [...costs.values()].filter((cost) => cost > 0 && cost < 10_000_000);
  expect(below.length).toBeGreaterThan(100);
  expect(total).toBeGreaterThan(1_000_000_000);
  expect(await stored()).toEqual(costs);

  const dearer = parsePriceFile({
    'gpt-4o': { inputTokens: '50', outputTokens: '50' },
    'gpt-5': { inputTokens: '0.10', outputTokens: '0.20' },
  });
  const later = await open(withPriceFile(DEFAULT_PRICE_TABLE, dearer, MID_NOVEMBER));
  const shown = new Map<string, number>();
  for (const user of USERS) {
    for (const [id, cost] of await historyOf(later, user)) shown.set(id, cost);
    const { usage } = later.caller({ tenant: 'default' });
    const current = await usage.current({ user, period: PERIOD });
    expect(current).toMatchObject({
      settledUsd: formatUsd(BigInt(spentBy(user))),
      reservedUsd: '0.00',
    });
  }
  expect(shown).toEqual(costs);
  expect(await later.audit?.()).toMatchObject({
    settledNanoUsd: BigInt(total),
    differenceNanoUsd: 0n,
    findings: 0,
  });
  await later.close();

  const environment = { DATABASE_URL: url };
  for (const user of USERS) {
    const words = ['usage', '--user', user, '--period', PERIOD];
    const spent = formatUsd(BigInt(spentBy(user)));
    expect(lineOf((await commandLine(environment, ...words)).out, 'settled')).toBe(spent);
    const json = await commandLine(environment, ...words, '--json');
    expect(JSON.parse(json.out)).toMatchObject({ settledUsd: spent });
  }
  const audit = await commandLine(environment, 'audit');
  expect(lineOf(audit.out, 'settled')).toBe(formatUsd(BigInt(total)));
});

it('F49: a stored zero is shown as zero, and what is below a cent is not', async () => {
  const bursar = await open();
  const { meter, usage } = bursar.caller({ tenant: 'default' });
  const book = async (number: number, user: string, costUsd: string) => {
    const reservation = idOf(CALLS + number);
    await meter.reserve({ reservation, user, model: 'gpt-4o', amountUsd: '0.50' });
    return await meter.settle({ reservation, costUsd });
  };
  expect(await book(1, 'nothing', '0')).toMatchObject({ costUsd: '0.00' });
  expect(await book(2, 'little', '0.000000001')).toMatchObject({ costUsd: '0.000000001' });
  expect(await book(3, 'less', '0.0049')).toMatchObject({ costUsd: '0.0049' });
  for (const [user, shown] of [
    ['nothing', '0.00'],
    ['little', '0.000000001'],
    ['less', '0.0049'],
  ] as const) {
    expect(await usage.current({ user })).toMatchObject({ settledUsd: shown });
    const { entries } = await usage.history({ user });
    expect(entries).toMatchObject([{ kind: 'settle', amountUsd: shown }]);
  }
  await bursar.close();
  for (const [user, shown] of [
    ['nothing', '0.00'],
    ['little', '0.000000001'],
    ['less', '0.0049'],
  ] as const) {
    const words = ['usage', '--user', user, '--period', PERIOD];
    const { out } = await commandLine({ DATABASE_URL: url }, ...words);
    expect(lineOf(out, 'settled')).toBe(shown);
  }
});
