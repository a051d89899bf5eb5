/** What the Redis driver promises beside the rules: what happens when Redis is not what it was. */
import {
  type AccountId,
  type Amount,
  AMOUNT_MAX,
  type CopyAnswer,
  type CopyCommand,
  type DurationMs,
  type Elsewhere,
  type Fingerprint,
  type InstantMs,
  type LeaseId,
  type ReservationId,
  TOMBSTONE_MS,
} from '@bursar/core';
import { ManualClock, startFaultProxy, startRedis } from '@bursar/testkit';
import { expect, it } from 'vitest';
import { ShardKeys, shardOfTenant } from '../../src/stores/redis/redis-keys.ts';
import { RedisCopies } from '../../src/stores/redis/redis-copies.ts';
import { adoptAs, redisForTest } from './redis-for-test.ts';

const redis = redisForTest();
const ELSEWHERE = { limit: null, granted: 0, settled: 0, reserved: 0, leased: 0 } as Elsewhere;
const ALICE = accountOf('acme', 'alice');

function accountOf(tenant: string, name: string): AccountId {
  return `${tenant}/user:${name}/credit/2026-11` as AccountId;
}

let made = 0;
function newReservation(tenant = 'acme'): ReservationId {
  made += 1;
  return `${tenant}/0190a0b0-0000-7000-8000-${String(made).padStart(12, '0')}` as ReservationId;
}

function reserve(
  amount: number,
  options: { id?: ReservationId; accounts?: readonly AccountId[]; ttlMs?: number } = {},
): CopyCommand {
  const { id = newReservation(), accounts = [ALICE], ttlMs = 60_000 } = options;
  return {
    kind: 'reserve',
    reservation: id,
    fingerprint: 'print' as Fingerprint,
    accounts,
    amount: amount as Amount,
    ttlMs: ttlMs as DurationMs,
    terms: { model: 'gpt' },
  };
}

function settle(reservation: ReservationId, cost: number): CopyCommand {
  return { kind: 'settle', reservation, cost: cost as Amount, final: true, detail: null };
}

function extend(reservation: ReservationId, ttlMs: number): CopyCommand {
  const [life, amount, dispatched] = [ttlMs as DurationMs, null, false];
  return { kind: 'extend', reservation, amount, ttlMs: life, dispatched };
}

/** The sixteen bytes of its UUID. */
function uuidBytes(reservation: ReservationId): readonly number[] {
  return [
    ...Buffer.from(reservation.slice(reservation.indexOf('/') + 1).replaceAll('-', ''), 'hex'),
  ];
}

async function install(
  copies: RedisCopies,
  account: AccountId,
  drawn: number,
  lease = 'lease-1',
): Promise<CopyAnswer> {
  const prepared = await copies.execute({ kind: 'prepare', account, above: 0 });
  if (prepared.answer !== 'prepared') throw new Error(`the place is taken: ${prepared.answer}`);
  return copies.execute({
    kind: 'install',
    account,
    ticket: prepared.ticket,
    lease: lease as LeaseId,
    startAtMs: 0 as InstantMs,
    endAtMs: Date.UTC(2100, 0) as InstantMs,
    drawn: drawn as Amount,
    sequence: 0,
    elsewhere: ELSEWHERE,
  });
}

async function sumsOf(copies: RedisCopies, account: AccountId) {
  const answer = await copies.execute({ kind: 'read', account });
  if (answer.answer !== 'copy' || answer.copy === null) throw new Error('no copy');
  const { drawn, settled, reserved } = answer.copy;
  return { drawn, settled, reserved };
}

it('keeps every amount up to the largest exact', async () => {
  const copies = await redis.open();
  for (const [index, total] of [2 ** 52 + 1, 999_999_999_999_999, AMOUNT_MAX].entries()) {
    const account = accountOf('acme', `rich${index}`);
    await install(copies, account, total);
    const id = newReservation();
    const answer = await copies.execute(reserve(total, { id, accounts: [account] }));
    expect(answer).toMatchObject({ answer: 'done', copies: [{ drawn: total, reserved: total }] });
    expect(await copies.execute(reserve(1, { accounts: [account] }))).toMatchObject(
      total === AMOUNT_MAX
        ? { answer: 'rejected', code: 'amount_out_of_range' }
        : { answer: 'short', shortfalls: [{ account, missing: 1 }] },
    );
    expect(await copies.execute(settle(id, total - 1))).toMatchObject({ answer: 'done' });
    expect(await sumsOf(copies, account)).toEqual({
      drawn: total,
      settled: total - 1,
      reserved: 0,
    });
  }
});

it.each([1, 4])(
  'admits exactly what fits, from many callers at once, on %i shards',
  async (shards) => {
    const copies = await redis.open({ shards });
    const tenants = Array.from({ length: 8 }, (_, index) => `tenant-${index}`);
    if (shards > 1) {
      expect(new Set(tenants.map((tenant) => shardOfTenant(tenant, shards))).size).toBe(shards);
    }
    const accounts = tenants.map((tenant) => accountOf(tenant, 'hot'));
    await Promise.all(accounts.map((account) => install(copies, account, 100)));
    const commands = Array.from({ length: 800 }, (_, index) => {
      const tenant = tenants[index % tenants.length] ?? '';
      return reserve(3, { id: newReservation(tenant), accounts: [accountOf(tenant, 'hot')] });
    });
    const answers = await Promise.all(commands.map((command) => copies.execute(command)));
    expect(answers.filter(({ answer }) => answer === 'done')).toHaveLength(8 * 33);
    expect(answers.filter(({ answer }) => answer === 'short')).toHaveLength(800 - 8 * 33);
    for (const account of accounts) {
      expect(await sumsOf(copies, account)).toEqual({ drawn: 100, settled: 0, reserved: 99 });
    }
  },
);

it('finds out for itself which accounts a reservation is on', async () => {
  const first = await redis.open({ prefix: 'shared' });
  const other = await redis.open({ prefix: 'shared' });
  const accounts = ['a', 'b', 'c'].map((name) => accountOf('acme', name));
  for (const account of accounts) await install(first, account, 100);
  const id = newReservation();
  await first.execute(reserve(10, { id, accounts }));
  // The other process has neither made it nor been told where it is, and a hint may be wrong.
  expect(await other.execute({ ...settle(id, 4), accounts: [ALICE] } as CopyCommand)).toMatchObject(
    { answer: 'done', copies: [{ settled: 4 }, { settled: 4 }, { settled: 4 }] },
  );
  const due = newReservation();
  await first.execute(reserve(10, { id: due, accounts, ttlMs: 0 }));
  // Ends the due one on the way, which has legs that nobody has named.
  const answer = await other.execute(reserve(1, { accounts: accounts.slice(0, 1) }));
  expect(answer).toMatchObject({ answer: 'done', copies: [{ reserved: 1 }] });
  for (const account of accounts.slice(1)) {
    expect(await sumsOf(other, account)).toMatchObject({ reserved: 0 });
  }
});

it('answers nothing before a handshake', async () => {
  const copies = new RedisCopies({ url: redis.server.url, prefix: 'unadopted' });
  try {
    await copies.inspect();
    await expect(copies.execute(reserve(1))).rejects.toThrow('handshake');
    await expect(copies.due(0, 1)).rejects.toThrow('handshake');
    await expect(copies.journal(0, '0-0', 1)).rejects.toThrow('handshake');
  } finally {
    await copies.close();
  }
});

it('does not go back to an older incarnation, and fences whoever works under one', async () => {
  const lost: string[] = [];
  const old = await redis.open({ prefix: 'fence', onLost: (reason) => lost.push(reason) });
  await install(old, ALICE, 100);
  const young = new RedisCopies({ url: redis.server.url, prefix: 'fence' });
  try {
    expect(await adoptAs(young, 2)).toBe(true);
    expect(await young.execute({ kind: 'read', account: ALICE })).toEqual({
      answer: 'copy',
      copy: null,
    });
    await expect(old.execute(reserve(1))).rejects.toMatchObject({ name: 'CopiesFenced' });
    expect(lost).toHaveLength(1);
    await expect(old.execute(reserve(1))).rejects.toThrow('handshake');
    expect(await adoptAs(old, 1)).toBe(false);
    expect(await old.inspect()).toMatchObject({ incarnation: 2 });
    expect(await adoptAs(old, 2)).toBe(true);
    expect((await install(old, ALICE, 50, 'lease-2')).answer).toBe('copy');
  } finally {
    await young.close();
  }
});

it('goes on working while hands are shaken again with the same data', async () => {
  const copies = await redis.open();
  await install(copies, ALICE, 100);
  const { lineage } = await copies.inspect();

  const adopting = copies.adopt(1, lineage, 1);
  const meanwhile = await copies.execute(reserve(1));

  expect(meanwhile).toMatchObject({ answer: 'done', copies: [{ reserved: 1 }] });
  expect(await adopting).toBe(true);
  expect(await copies.execute(reserve(1))).toMatchObject({ copies: [{ reserved: 2 }] });
});

it('answers commands that are on their way when a handshake forgets what was known', async () => {
  const copies = await redis.open();
  await install(copies, ALICE, 10_000);
  const { lineage } = await copies.inspect();
  const calls = Array.from({ length: 2_000 }, newReservation);
  await Promise.all(calls.map((id) => copies.execute(reserve(1, { id }))));

  let isShaken = false;
  const shaking = copies.adopt(1, lineage, 1).finally(() => (isShaken = true));
  const answers: Promise<CopyAnswer>[] = [];
  for (let next = calls.pop(); next !== undefined && !isShaken; next = calls.pop()) {
    answers.push(copies.execute(settle(next, 1)));
    await new Promise(setImmediate);
  }

  expect(await shaking).toBe(true);
  expect(answers.length).toBeGreaterThan(1);
  for (const answer of await Promise.all(answers)) {
    expect(answer).toMatchObject({ answer: 'done', found: { state: 'settled' } });
  }
});

it('believes nothing that it knew of a reservation once the data are others', async () => {
  const clock = new ManualClock();
  const copies = await redis.open({ prefix: 'others', clock });
  await install(copies, ALICE, 100);
  const id = newReservation();
  // The sequence of the copy is ahead of what the next one begins with.
  for (let call = 0; call < 3; call += 1) await copies.execute(reserve(1));
  await copies.execute(reserve(1, { id }));

  expect(await adoptAs(copies, 2)).toBe(true);
  await install(copies, ALICE, 100);
  const another = await redis.open({ prefix: 'others', clock });
  expect(await adoptAs(another, 2)).toBe(true);
  // Made anew, at the very same instant.
  const made = { ...reserve(1, { id }), terms: { model: 'another' } } as CopyCommand;
  expect(await another.execute(made)).toMatchObject({ answer: 'done', replayed: false });

  expect(await copies.execute(settle(id, 1))).toMatchObject({
    found: { reservation: { terms: { model: 'another' } } },
  });
  // And is not alarmed by what begins at the beginning.
  expect(await copies.execute(reserve(1))).toMatchObject({ copies: [{ sequence: 3 }] });
});

it('works no more on data that turn out to be others when hands are shaken again', async () => {
  const copies = await redis.open();
  await install(copies, ALICE, 100);

  await expect(copies.adopt(1, 'another:lineage', 1)).rejects.toThrow('not the Redis');
  await expect(copies.execute(reserve(1))).rejects.toThrow('handshake');
  await adoptAs(copies, 2);
  expect(await adoptAs(copies, 1)).toBe(false);
  await expect(copies.execute(reserve(1))).rejects.toThrow('handshake');
});

it('does not adopt another Redis than the one that was inspected', async () => {
  const copies = await redis.open();
  await expect(copies.adopt(2, 'another:lineage')).rejects.toMatchObject({ name: 'CopiesFenced' });
  await expect(copies.execute(reserve(1))).rejects.toThrow('handshake');
});

it('notices that Redis was emptied', async () => {
  const server = await startRedis();
  const copies = new RedisCopies({ url: server.url });
  try {
    await adoptAs(copies, 1);
    await install(copies, ALICE, 100);
    await server.cli('FLUSHALL');
    await expect(copies.execute(reserve(1))).rejects.toMatchObject({ name: 'CopiesFenced' });
    expect(await copies.inspect()).toMatchObject({ incarnation: 0, writtenBy: null });
  } finally {
    await copies.close();
    await server.stop();
  }
});

it('trusts nothing after a restart, even if the data are all there', async () => {
  const server = await startRedis({ appendonly: 'always' });
  const lost: string[] = [];
  const copies = new RedisCopies({ url: server.url, onLost: (reason) => lost.push(reason) });
  try {
    await adoptAs(copies, 1);
    await install(copies, ALICE, 100);
    const before = await copies.inspect();
    await server.kill();
    await expect(copies.execute(reserve(1))).rejects.toMatchObject({ code: 'store_unavailable' });
    await server.restart();
    const after = await copies.inspect();
    expect(after).toMatchObject({ incarnation: 1, writtenBy: before.lineage });
    expect(after.lineage).not.toBe(before.lineage);
    await expect(copies.execute(reserve(1))).rejects.toMatchObject({ name: 'CopiesFenced' });
    expect(lost).toEqual(['the connection was lost']);
    expect(await adoptAs(copies, 2)).toBe(true);
    expect((await copies.execute(reserve(1))).answer).toBe('missing');
  } finally {
    await copies.close();
    await server.stop();
  }
});

it('NOSCRIPT is a fence, not a reason to load the script again', async () => {
  const server = await startRedis();
  const copies = new RedisCopies({ url: server.url });
  try {
    await adoptAs(copies, 1);
    await server.cli('SCRIPT', 'FLUSH');
    await expect(copies.execute(reserve(1))).rejects.toThrow('NOSCRIPT');
    await expect(copies.execute(reserve(1))).rejects.toThrow('handshake');
  } finally {
    await copies.close();
    await server.stop();
  }
});

it('notices data that went back in time behind its back', async () => {
  const copies = await redis.open({ prefix: 'back' });
  const key = new ShardKeys('back', 0).usage(ALICE);
  await install(copies, ALICE, 100);
  await copies.execute(reserve(1));
  await copies.execute(reserve(1));
  const setBack = `
    local settled, reserved, sequence, due = struct.unpack('<dddd', redis.call('HGET', KEYS[1], 's'))
    redis.call('HSET', KEYS[1], 's', struct.pack('<dddd', settled, reserved - 1, sequence - 1, due))`;
  await redis.server.cli('EVAL', setBack, '1', key);
  await expect(copies.execute(reserve(1))).rejects.toThrow('went back');
});

it('without memory nothing new is admitted, and what runs is finished', async () => {
  const server = await startRedis();
  const copies = new RedisCopies({ url: server.url });
  try {
    await adoptAs(copies, 1);
    await install(copies, ALICE, 100);
    const [settled, released] = [newReservation(), newReservation()];
    await copies.execute(reserve(10, { id: settled }));
    await copies.execute(reserve(10, { id: released }));
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    await expect(copies.execute(reserve(1))).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(install(copies, accountOf('acme', 'bob'), 1)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(await copies.execute(settle(settled, 7))).toMatchObject({ answer: 'done' });
    // Also when they travel together: the first is under way, the others go in one call.
    const [, mixed, finished] = await Promise.allSettled([
      copies.execute({ kind: 'read', account: ALICE }),
      copies.execute(reserve(1)),
      copies.execute(settle(settled, 7)),
    ]);
    expect(mixed).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } });
    expect(finished).toMatchObject({ status: 'fulfilled', value: { replayed: true } });
    expect(
      await copies.execute({ kind: 'release', reservation: released, detail: null }),
    ).toMatchObject({ answer: 'done' });
    expect(
      await copies.execute({
        kind: 'extend',
        reservation: settled,
        amount: null,
        ttlMs: 1 as DurationMs,
        dispatched: true,
      }),
    ).toMatchObject({ answer: 'rejected' });
    expect(await sumsOf(copies, ALICE)).toEqual({ drawn: 100, settled: 7, reserved: 0 });
    expect(await copies.journal(0, '0-0', 10)).toHaveLength(2);
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect(await copies.execute(reserve(93))).toMatchObject({ answer: 'done' });
  } finally {
    await copies.close();
    await server.stop();
  }
});

it('a reply that is lost leaves the outcome unknown, and the repeat counts once', async () => {
  const proxy = await startFaultProxy({ host: '127.0.0.1', port: redis.server.port });
  const url = redis.server.url.replace(String(redis.server.port), String(proxy.port));
  const copies = new RedisCopies({ url, prefix: 'lossy', commandTimeoutMs: 500 });
  try {
    await adoptAs(copies, 1);
    await install(copies, ALICE, 100);
    const id = newReservation();
    for (const command of [reserve(10, { id }), settle(id, 7)]) {
      await proxy.dropReplies();
      await expect(copies.execute(command)).rejects.toMatchObject({ code: 'store_timeout' });
      await proxy.replySwallowed();
      await proxy.heal();
      // Another connection is another handshake, even with the same data.
      await expect.poll(() => adoptAs(copies, 1).catch(() => false)).toBe(true);
      expect(await copies.execute(command)).toMatchObject({ answer: 'done', replayed: true });
    }
    expect(await sumsOf(copies, ALICE)).toEqual({ drawn: 100, settled: 7, reserved: 0 });
  } finally {
    await copies.close();
    await proxy.stop();
  }
});

it('a frozen Redis leaves the outcome unknown, in time', async () => {
  const server = await startRedis();
  const copies = new RedisCopies({ url: server.url, commandTimeoutMs: 200 });
  try {
    await adoptAs(copies, 1);
    server.pause();
    const startedAtMs = performance.now();
    await expect(copies.execute(reserve(1))).rejects.toMatchObject({ code: 'store_timeout' });
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  } finally {
    server.resume();
    await copies.close();
    await server.stop();
  }
});

it.each(['meta', 'open', 'due', 'journal', 'usage'] as const)(
  'a key that holds something else is an error with a name: %s',
  async (name) => {
    const prefix = `wrong-${name}`;
    const copies = await redis.open({ prefix });
    const bob = accountOf('acme', 'bob');
    await install(copies, bob, 100);
    const keys = new ShardKeys(prefix, 0);
    const key = name === 'usage' ? keys.usage(ALICE) : keys[name];
    await redis.server.cli('DEL', key);
    await redis.server.cli('SET', key, 'something else');
    const id = newReservation();
    const both = async () => {
      await copies.execute(reserve(1, { id, accounts: [name === 'usage' ? ALICE : bob] }));
      await copies.execute(settle(id, 1));
    };
    await expect(both()).rejects.toMatchObject({ code: 'store_unavailable' });
    // Whoever does not need the key is not concerned.
    if (name !== 'usage') return;
    const settled = await Promise.allSettled([
      copies.execute(reserve(1)),
      copies.execute(reserve(1)),
      copies.execute(reserve(1, { accounts: [bob] })),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  },
);

it.each([
  ['sums that are too short', "'s', 'short'"],
  ['sums that are no whole numbers', "'s', struct.pack('<dddd', 0, 0.5, 1, 1)"],
  ['sums that are no numbers', "'s', struct.pack('<dddd', 0, 0 / 0, 1, 1)"],
  ['negative sums', "'s', struct.pack('<dddd', 0, -1, 1, 1)"],
  ['more than there can be', "'s', struct.pack('<dddd', 2 ^ 53, 0, 1, 1)"],
  ['a head that is cut off', "'h', string.sub(redis.call('HGET', KEYS[1], 'h'), 1, 20)"],
  ['a lease that is cut off', "'h', string.sub(redis.call('HGET', KEYS[1], 'h'), 1, -2)"],
  ['nothing about elsewhere', "'e', ''"],
])('data that contradict themselves are not worked with: %s', async (_, field) => {
  const copies = await redis.open({ prefix: 'damaged' });
  const key = new ShardKeys('damaged', 0).usage(ALICE);
  await redis.server.cli('DEL', key);
  await install(copies, ALICE, 100);
  await redis.server.cli('EVAL', `redis.call('HSET', KEYS[1], ${field})`, '1', key);
  await expect(copies.execute(reserve(1))).rejects.toMatchObject({ name: 'CopiesFenced' });
});

it('tells what only its lease changes once a call, and anew when it has changed meanwhile', async () => {
  const copies = await redis.open();
  await install(copies, ALICE, 100);
  const apply = (drawn: number): CopyCommand => ({
    kind: 'apply',
    account: ALICE,
    lease: 'lease-1' as LeaseId,
    drawn: drawn as Amount,
    elsewhere: ELSEWHERE,
  });
  // The first goes at once; the others travel together.
  const answers = await Promise.all(
    [reserve(1), reserve(1), reserve(2), apply(150), reserve(3), reserve(500), reserve(4)].map(
      (command) => copies.execute(command),
    ),
  );
  expect(
    answers.map((answer) => {
      const copy = 'copies' in answer ? answer.copies[0] : 'copy' in answer ? answer.copy : null;
      return [answer.answer, copy?.drawn, copy?.reserved];
    }),
  ).toEqual([
    ['done', 100, 1],
    ['done', 100, 2],
    ['done', 100, 4],
    ['copy', 150, 4],
    ['done', 150, 7],
    ['short', 150, 7],
    ['done', 150, 11],
  ]);
});

it('ends each leg with what it holds, where they are not alike', async () => {
  const copies = await redis.open({ prefix: 'unlike' });
  const accounts = ['a', 'b'].map((name) => accountOf('acme', name));
  for (const account of accounts) await install(copies, account, 100);
  const id = newReservation();
  await copies.execute(reserve(10, { id, accounts }));
  await redis.server.cli(
    'EVAL',
    `local settled, reserved, sequence, due = struct.unpack('<dddd', redis.call('HGET', KEYS[1], 's'))
    redis.call('HSET', KEYS[1], 's', struct.pack('<dddd', settled, 4, sequence, due))
    redis.call('HSET', KEYS[1], string.char(${uuidBytes(id).join(', ')}), struct.pack('<dddB', 4, 0, due, 0))`,
    '1',
    new ShardKeys('unlike', 0).usage(accounts[1] as AccountId),
  );
  expect(
    await copies.execute({ ...extend(id, 60_000), dispatched: true } as CopyCommand),
  ).toMatchObject({ answer: 'done' });
  expect(await copies.execute(settle(id, 1))).toMatchObject({ answer: 'done' });
  for (const account of accounts) {
    expect(await sumsOf(copies, account)).toMatchObject({ settled: 1, reserved: 0 });
  }
});

it('settles on what a reservation was made on, whatever accounts it is said to be on', async () => {
  const copies = await redis.open();
  const accounts = ['a', 'aa', 'b'].map((name) => accountOf('acme', name));
  for (const account of accounts) await install(copies, account, 100);
  const [a, aa, b] = accounts as [AccountId, AccountId, AccountId];
  for (const hint of [[b, a, aa], [b, aa, a], [a, aa], [aa], [a, aa, b, ALICE], []]) {
    const id = newReservation();
    await copies.execute(reserve(10, { id, accounts }));
    const extended = await copies.execute({ ...extend(id, 90_000), accounts: hint } as CopyCommand);
    expect(extended).toMatchObject({ copies: [a, aa, b].map((account) => ({ account })) });
    const answer = await copies.execute({ ...settle(id, 1), accounts: hint } as CopyCommand);
    expect(answer).toMatchObject({
      answer: 'done',
      copies: [a, aa, b].map((account) => ({ account })),
    });
  }
  for (const account of accounts) {
    expect(await sumsOf(copies, account)).toMatchObject({ settled: 6, reserved: 0 });
  }
  const events = await copies.journal(0, '0-0', 10);
  const told = events.map((event) =>
    'legs' in event ? event.legs.map(({ account }) => account) : [],
  );
  expect(told).toEqual(Array.from({ length: 6 }, () => [a, aa, b]));
});

it('takes data of another layout for none, lets no other write them, and brings its journal home', async () => {
  const prefix = 'layout';
  const copies = await redis.open({ prefix });
  const keys = new ShardKeys(prefix, 0);
  const { cli } = redis.server;
  // As the first layout had them: an incarnation without a layout, a copy in words, an event in words.
  await cli('HSET', keys.meta, 'inc', '50', 'lineage', 'whoever');
  await cli(
    'HSET',
    keys.usage(ALICE),
    'c',
    '50 lease-0 0 9 100 0 0 0 1',
    'e',
    '- 0 0 0 0',
    'n',
    '',
  );
  const id = newReservation();
  const event = `${id} s 5 4 9 0 1 8 ${ALICE}|lease-0|0|9 print 7`;
  await cli('XADD', keys.journal, '*', 'e', event, 'd', 'null', 't', '{"model":"gpt"}');
  // As the second layout had it: a place of an event says first how long it is.
  const next = newReservation();
  await cli(
    'EVAL',
    `local id = 'acme/' .. string.char(${uuidBytes(next).join(', ')})
    local head = struct.pack('<c1dddBdBc0B', 's', 5, 3, 9, 4, 8, #id, id, 1)
    local place = string.char(16 + 7) .. struct.pack('<dd', 0, 9) .. 'lease-0'
    local made = struct.pack('<d', 7) .. ARGV[1] .. '\\n\\nprint\\n{"model":"gpt-2"}'
    redis.call('XADD', KEYS[1], '*', 'v', head .. place, 'd', 'null', 'm', made)`,
    '1',
    keys.journal,
    ALICE,
  );
  await expect(copies.execute(reserve(1))).rejects.toMatchObject({ name: 'CopiesFenced' });
  expect(await copies.inspect()).toMatchObject({ incarnation: 0 });
  expect(await adoptAs(copies, 51)).toBe(true);
  expect(await copies.execute(reserve(1))).toMatchObject({ answer: 'missing' });
  await install(copies, ALICE, 100, 'lease-1');
  expect(await sumsOf(copies, ALICE)).toEqual({ drawn: 100, settled: 0, reserved: 0 });
  expect(await cli('HKEYS', keys.usage(ALICE))).not.toContain('c');
  expect(await copies.journal(0, '0-0', 10)).toMatchObject([
    { reservation: id, state: 'settled', spent: 4, made: { terms: { model: 'gpt' } } },
    {
      reservation: next,
      spent: 3,
      legs: [{ account: ALICE, lease: 'lease-0', startAtMs: 0, endAtMs: 9 }],
      made: { terms: { model: 'gpt-2' }, createdAtMs: 7 },
    },
  ]);
  // The first layout's own driver reads this as a number, and adopts nothing that it cannot compare.
  expect(Number(await cli('HGET', keys.meta, 'inc'))).toBeNaN();
  await cli('HSET', keys.meta, 'inc', '4/51');
  await expect(copies.inspect()).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(copies.execute(reserve(1))).rejects.toMatchObject({ name: 'CopiesFenced' });
});

it.each([
  'acme/user:a b/credit/2026-11',
  'acme/user:{0}/credit/2026-11',
  'acme/user:a,b/credit/2026-11',
  'acme/user:a|b/credit/2026-11',
  'acme/user:a\r\nFLUSHALL\r\n/credit/2026-11',
  'acme/user:\u0000/credit/2026-11',
  'acme/user:ä/credit/2026-11',
  '{evil}/user:a/credit/2026-11',
  '/user:a/credit/2026-11',
  'acme',
  '',
  `acme/${'a'.repeat(3_000)}`,
])('refuses what is no account id: %j', async (id) => {
  const copies = await redis.open();
  await expect(copies.execute({ kind: 'read', account: id as AccountId })).rejects.toMatchObject({
    code: 'id_invalid',
  });
});

it('refuses accounts of another tenant, and what is no reservation or lease', async () => {
  const copies = await redis.open();
  await expect(
    copies.execute(reserve(1, { accounts: [accountOf('other', 'alice')] })),
  ).rejects.toMatchObject({ code: 'id_invalid' });
  for (const id of ['acme/1', 'acme/0190A0B0-0000-7000-8000-000000000001', 'l', 'acme/l d h']) {
    await expect(copies.execute(settle(id as ReservationId, 1))).rejects.toMatchObject({
      code: 'id_invalid',
    });
  }
  await expect(
    copies.execute({ kind: 'recall', account: ALICE, lease: 'a|b' as LeaseId, retire: true }),
  ).rejects.toMatchObject({ code: 'id_invalid' });
});

it('sweeps more than one call may end', async () => {
  const clock = new ManualClock();
  const copies = await redis.open({ clock });
  await install(copies, ALICE, 1_000);
  await Promise.all(Array.from({ length: 150 }, () => copies.execute(reserve(1))));
  clock.advance(60_000);
  expect(await copies.due(0, 10)).toEqual([ALICE]);
  const sweep = (limit: number) => copies.execute({ kind: 'sweep', account: ALICE, limit });
  expect(await sweep(100)).toEqual({ answer: 'swept', ended: 100 });
  expect(await sweep(100)).toEqual({ answer: 'swept', ended: 50 });
  expect(await copies.due(0, 10)).toEqual([]);
  expect(await copies.journal(0, '0-0', 1_000)).toHaveLength(150);
});

it('sends a call again with other keys when a time bucket begins on its way', async () => {
  let readings = [0];
  const end = TOMBSTONE_MS * 2_000_000;
  const clock = { nowMs: () => (end + (readings.shift() ?? 0)) as InstantMs };
  const copies = await redis.open({ clock });
  readings = [];
  await install(copies, ALICE, 100);
  const id = newReservation();
  await copies.execute(reserve(10, { id }));
  // The keys are chosen just before the end of a bucket, and the script runs just after.
  readings = [-1];
  expect(await copies.execute(settle(id, 7))).toMatchObject({ answer: 'done', replayed: false });
  expect(readings).toEqual([]);
  expect(await copies.execute(settle(id, 7))).toMatchObject({ answer: 'done', replayed: true });
});

it('shows events that do not read back instead of skipping them', async () => {
  const copies = await redis.open({ prefix: 'malformed' });
  const { journal } = new ShardKeys('malformed', 0);
  await install(copies, ALICE, 100);
  const id = newReservation();
  await copies.execute(reserve(10, { id }));
  await redis.server.cli('XADD', journal, '*', 'x', 'y');
  await redis.server.cli('XADD', journal, '*', 'e', 'garbage', 'd', 'null');
  await copies.execute(settle(id, 5));
  const events = await copies.journal(0, '0-0', 10);
  expect(events).toMatchObject([
    { malformed: 'x y' },
    { malformed: 'e garbage d null' },
    { reservation: id, spent: 5, made: { terms: { model: 'gpt' } } },
  ]);
});

it('says what is wrong with a Redis, and what nobody could check', async () => {
  const server = await startRedis({ maxmemoryPolicy: 'allkeys-lru' });
  const copies = new RedisCopies({ url: server.url });
  try {
    expect(await copies.check()).toMatchObject({
      problems: [{ message: expect.stringContaining('allkeys-lru'), mayHaveLost: true }],
    });
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    expect(await copies.check()).toEqual({ problems: [], unchecked: [] });
    await server.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-config', '-info');
    const app = new RedisCopies({
      url: `redis://app:secret@127.0.0.1:${server.port}`,
      redis: { enableReadyCheck: false },
    });
    try {
      expect((await app.check()).unchecked).toHaveLength(2);
    } finally {
      await app.close();
    }
  } finally {
    await copies.close();
    await server.stop();
  }
});

it('forgets that an account is due when there is nothing left of it', async () => {
  const clock = new ManualClock();
  const copies = await redis.open({ clock, prefix: 'stray' });
  await install(copies, ALICE, 100);
  await copies.execute(reserve(1));
  clock.advance(60_000);
  // In one call, after the first is under way: the end of what is due, and then of the copy.
  await Promise.all([
    copies.execute({ kind: 'read', account: ALICE }),
    copies.execute({ kind: 'sweep', account: ALICE, limit: 1 }),
    copies.execute({ kind: 'recall', account: ALICE, lease: 'lease-1' as LeaseId, retire: true }),
  ]);
  clock.advance(60_000);
  expect(await copies.due(0, 10)).toEqual([]);
  await redis.server.cli('ZADD', new ShardKeys('stray', 0).due, '1', ALICE);
  await copies.execute({ kind: 'sweep', account: ALICE, limit: 1 });
  expect(await copies.due(0, 10)).toEqual([]);
});
