/** What limiters in Redis promise beside the rules: keys that come late and go early, and what they cost. */
import type {
  AccountId,
  Amount,
  CopyAnswer,
  CopyCommand,
  DurationMs,
  Elsewhere,
  Fingerprint,
  InstantMs,
  LeaseId,
  LimiterId,
  RateHit,
  ReservationId,
} from '@bursar/core';
import { everyLimiter } from '@bursar/testkit';
import { expect, it } from 'vitest';
import type { RedisCopies } from '../../src/stores/redis/redis-copies.ts';
import { redisForTest } from './redis-for-test.ts';

const redis = redisForTest();
const ALICE = 'acme/user:alice/credit/2026-11' as AccountId;
const LIMITER = 'acme/user:alice/tpm' as LimiterId;
const ELSEWHERE = { limit: null, granted: 0, settled: 0, reserved: 0, leased: 0 } as Elsewhere;
const EVERY = everyLimiter(100).map((policy) => [policy.algorithm, policy] as const);
const SLOTS = { algorithm: 'concurrency', limit: 5 } as const;

let made = 0;
function reserve(rates?: readonly RateHit[]): Extract<CopyCommand, { kind: 'reserve' }> {
  made += 1;
  return {
    kind: 'reserve',
    reservation: `acme/0190a0b0-0000-7000-8000-${String(made).padStart(12, '0')}` as ReservationId,
    fingerprint: 'print' as Fingerprint,
    accounts: [ALICE],
    amount: 1 as Amount,
    ttlMs: 30_000 as DurationMs,
    terms: { model: 'gpt' },
    ...(rates === undefined ? {} : { rates }),
  };
}

/** Copies in the test's Redis with a rich Alice; several under one prefix are several servers. */
async function open(prefix: string): Promise<RedisCopies> {
  const copies = await redis.open({ prefix });
  const prepared = await copies.execute({ kind: 'prepare', account: ALICE, above: 0 });
  if (prepared.answer !== 'prepared') return copies;
  await copies.execute({
    kind: 'install',
    account: ALICE,
    ticket: prepared.ticket,
    lease: 'lease-1' as LeaseId,
    startAtMs: 0 as InstantMs,
    endAtMs: Date.UTC(2100, 0) as InstantMs,
    drawn: 1_000_000 as Amount,
    sequence: 0,
    elsewhere: ELSEWHERE,
  });
  return copies;
}

function keysWith(part: string) {
  return redis.server.cli('KEYS', `*${part}*`);
}

function remaining(answer: CopyAnswer): readonly number[] {
  const rates = 'rates' in answer ? (answer.rates ?? []) : [];
  return rates.map(({ view }) => view.remaining);
}

it('a call without rates makes no key of a limiter, and one that is refused makes none either', async () => {
  const copies = await open('none');
  const command = reserve();
  expect(await copies.execute(command)).not.toHaveProperty('rates');
  await copies.execute({ kind: 'release', reservation: command.reservation, detail: null });
  const policy = {
    algorithm: 'sliding-window-log',
    limit: 5,
    windowMs: 60_000 as DurationMs,
  } as const;
  const refused = await copies.execute(reserve([{ limiter: LIMITER, policy, permits: 6 }]));
  expect(refused).toMatchObject({ answer: 'short', shortfalls: [], rates: [{ admits: false }] });
  expect(await keysWith('none:{0}:rate:')).toEqual([]);
});

it.each(EVERY)('%s: its key expires when nothing is in use any more', async (algorithm, policy) => {
  const copies = await open(`ttl-${algorithm}`);
  const limiter = LIMITER;
  const answer = await copies.execute(reserve([{ limiter, policy, permits: 50 }]));
  expect(remaining(answer)).toEqual([50]);
  const [key] = (await keysWith(`ttl-${algorithm}:{0}:rate:`)) as string[];
  expect(key).toBe(`ttl-${algorithm}:{0}:rate:${LIMITER}`);
  const view = answer.answer === 'done' ? answer.rates?.[0]?.view : undefined;
  const leftMs = (view?.resetAtMs ?? 0) - (answer.answer === 'done' ? answer.nowMs : 0);
  const ttlMs = Number(await redis.server.cli('PTTL', key ?? ''));
  expect(ttlMs).toBeGreaterThan(0);
  expect(ttlMs).toBeLessThanOrEqual(leftMs);
  expect(ttlMs).toBeGreaterThan(leftMs - 5_000);
});

it('a charge is held against what was taken from that limiter, whatever others are called', async () => {
  const copies = await open('alike');
  const window = {
    algorithm: 'fixed-window',
    limit: 100,
    windowMs: 3_600_000 as DurationMs,
  } as const;
  const hit = (name: string, permits: number): RateHit => ({
    limiter: `acme/user:alice/${name}` as LimiterId,
    policy: window,
    permits,
  });
  const command = reserve([hit('tpm-long', 30), hit('tpm', 10)]);
  expect(remaining(await copies.execute(command))).toEqual([70, 90]);
  const settled = await copies.execute({
    kind: 'settle',
    reservation: command.reservation,
    cost: 1 as Amount,
    final: true,
    detail: null,
    charges: [hit('tpm', 4), hit('rpm', 2)],
  });
  expect(remaining(settled)).toEqual([96, 98]);
});

it('a server that has never heard of a call frees its slots, and the last one to go leaves no key', async () => {
  const one = await open('other');
  const two = await open('other');
  const rates = [{ limiter: LIMITER, policy: SLOTS, permits: 3 }];
  const command = reserve(rates);
  expect(remaining(await one.execute(command))).toEqual([2]);
  expect(await two.execute(reserve(rates))).toMatchObject({ answer: 'short', shortfalls: [] });
  const { reservation } = command;
  expect(await two.execute({ kind: 'release', reservation, detail: null })).toMatchObject({
    answer: 'done',
  });
  expect(await keysWith('other:{0}:rate:')).toEqual([]);
  expect(remaining(await one.execute(reserve(rates)))).toEqual([2]);
});

it.each(EVERY)(
  '%s: what a key holds that is no such limiter counts as nothing',
  async (name, policy) => {
    const copies = await open(`junk-${name}`);
    const key = `junk-${name}:{0}:rate:${LIMITER}`;
    const rates = [{ limiter: LIMITER, policy, permits: 10 }];
    const junk = [
      ['SET', key, 't what'],
      ['HSET', key, 'h', 'nonsense'],
      ['ZADD', key, '1', 'nonsense'],
      ['RPUSH', key, 'nonsense'],
    ];
    for (const command of junk) {
      await redis.server.cli('DEL', key);
      await redis.server.cli(...command);
      expect(remaining(await copies.execute(reserve(rates)))).toEqual([90]);
      expect(remaining(await copies.execute(reserve(rates)))).toEqual([80]);
    }
  },
);

it('a log keeps one entry for each millisecond of its window, and one about all', async () => {
  const copies = await open('log');
  const policy = {
    algorithm: 'sliding-window-log',
    limit: 200,
    windowMs: 60_000 as DurationMs,
  } as const;
  for (let call = 0; call < 250; call += 1) {
    await copies.execute(reserve([{ limiter: LIMITER, policy, permits: 1 }]));
  }
  const [key] = (await keysWith('log:{0}:rate:')) as string[];
  const entries = Number(await redis.server.cli('ZCARD', key ?? ''));
  expect(entries).toBeLessThanOrEqual(201);
  expect(entries).toBeGreaterThan(1);
});
