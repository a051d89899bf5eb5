/**
 * What no honest client sends. Each is answered with its own code, naming the field; nothing is changed; no
 * answer shows the inside of the server.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOf } from '../support/test-service.ts';
import { type Answer, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ logLevel: 'silent' });
  // One open call of alice, to be left alone.
  const call = { reservation: idOf(1), user: 'alice', model: 'test-model', amountUsd: '0.40' };
  await server.post('meter.reserve', call);
});

afterAll(async () => {
  await server.bursar.close();
});

/** The refusal in `answer`, after checking what holds for all of them. */
function refusalIn(answer: Answer) {
  const { error } = answer.body;
  if (error === undefined) throw new Error(`not refused: ${answer.text}`);
  expect(answer.status).toBe(error.data.httpStatus);
  expect(Object.keys(error).toSorted()).toEqual(['code', 'data', 'message']);
  expect(answer.text).not.toMatch(/\bat .*:[0-9]+:[0-9]+|node_modules|\/packages\/|\.ts\b|stack/);
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  return { code: error.data.code, field: error.data.field };
}

async function expectNothingChanged(): Promise<void> {
  const { body } = await server.get('usage.current', { user: 'alice' });
  expect(body.result?.data).toMatchObject({
    settledUsd: '0.00',
    reservedUsd: '0.40',
    limitUsd: '1.00',
  });
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}

const RESERVE = { reservation: idOf(2), user: 'alice', model: 'test-model' };
const ESTIMATE = { inputTokens: 10, outputTokensMax: 10 };

const MESSAGES: readonly (readonly [
  what: string,
  procedure: string,
  input: unknown,
  code: string,
  field: string,
])[] = [
  ['no input at all', 'meter.reserve', '', 'input_invalid', 'input'],
  ['a list instead of an object', 'meter.reserve', [], 'input_invalid', 'input'],
  ['null instead of an object', 'meter.reserve', null, 'input_invalid', 'input'],
  ['a body that is not JSON', 'meter.reserve', '{"user":', 'input_invalid', 'body'],
  ['a body that is JSON and then some', 'meter.reserve', '{} {}', 'input_invalid', 'body'],
  [
    'a missing field',
    'meter.reserve',
    { ...RESERVE, user: undefined, estimate: ESTIMATE },
    'input_invalid',
    'user',
  ],
  [
    'an unknown field',
    'meter.reserve',
    { ...RESERVE, estimate: ESTIMATE, tenant: 'other' },
    'input_invalid',
    'tenant',
  ],
  ['neither tokens nor an amount', 'meter.reserve', RESERVE, 'input_invalid', 'estimate'],
  [
    'tokens and an amount',
    'meter.reserve',
    { ...RESERVE, estimate: ESTIMATE, amountUsd: '1' },
    'input_invalid',
    'estimate',
  ],
  [
    'negative tokens',
    'meter.reserve',
    { ...RESERVE, estimate: { inputTokens: -1 } },
    'input_invalid',
    'estimate.inputTokens',
  ],
  [
    'half a token',
    'meter.reserve',
    { ...RESERVE, estimate: { inputTokens: 0.5 } },
    'input_invalid',
    'estimate.inputTokens',
  ],
  [
    'tokens as a text',
    'meter.reserve',
    { ...RESERVE, estimate: { inputTokens: '10' } },
    'input_invalid',
    'estimate.inputTokens',
  ],
  [
    'tokens beyond all measure',
    'meter.reserve',
    { ...RESERVE, estimate: { inputTokens: 1e308 } },
    'input_invalid',
    'estimate.inputTokens',
  ],
  [
    'infinitely many tokens',
    'meter.reserve',
    `{"reservation":"${idOf(2)}","user":"alice","model":"test-model","estimate":{"inputTokens":1e999}}`,
    'input_invalid',
    'estimate.inputTokens',
  ],
  [
    'a negative amount',
    'meter.reserve',
    { ...RESERVE, amountUsd: '-1' },
    'amount_out_of_range',
    'amountUsd',
  ],
  [
    'an amount in floating point',
    'meter.reserve',
    { ...RESERVE, amountUsd: 0.5 },
    'input_invalid',
    'amountUsd',
  ],
  [
    'an amount with an exponent',
    'meter.reserve',
    { ...RESERVE, amountUsd: '1e3' },
    'amount_out_of_range',
    'amountUsd',
  ],
  [
    'a tenth of a nano-dollar',
    'meter.reserve',
    { ...RESERVE, amountUsd: '0.0000000001' },
    'amount_out_of_range',
    'amountUsd',
  ],
  [
    'more money than can be counted',
    'meter.reserve',
    { ...RESERVE, amountUsd: '9999999' },
    'amount_out_of_range',
    'amountUsd',
  ],
  [
    'not a number',
    'meter.reserve',
    { ...RESERVE, amountUsd: 'NaN' },
    'amount_out_of_range',
    'amountUsd',
  ],
  [
    'no life at all',
    'meter.reserve',
    { ...RESERVE, amountUsd: '0.01', ttlMs: 0 },
    'input_invalid',
    'ttlMs',
  ],
  [
    'a life of a year',
    'meter.reserve',
    { ...RESERVE, amountUsd: '0.01', ttlMs: 31_536_000_000 },
    'input_invalid',
    'ttlMs',
  ],
  [
    'an unknown model',
    'meter.reserve',
    { ...RESERVE, model: 'nobody-knows', estimate: ESTIMATE },
    'price_unknown',
    'model',
  ],
  [
    'a model that is none',
    'meter.reserve',
    { ...RESERVE, model: '../../etc/passwd', estimate: ESTIMATE },
    'input_invalid',
    'model',
  ],
  [
    'a model named like a method',
    'meter.reserve',
    { ...RESERVE, model: 'constructor', estimate: ESTIMATE },
    'price_unknown',
    'model',
  ],
  [
    'a provider that is no name of one',
    'meter.reserve',
    { ...RESERVE, provider: 'Acme, Inc.', estimate: ESTIMATE },
    'input_invalid',
    'provider',
  ],
  [
    'a service tier that nobody has',
    'meter.reserve',
    { ...RESERVE, estimate: { ...ESTIMATE, serviceTier: 'warp' } },
    'input_invalid',
    'estimate.serviceTier',
  ],
  [
    'an id that is no UUID',
    'meter.reserve',
    { ...RESERVE, reservation: '1', estimate: ESTIMATE },
    'input_invalid',
    'reservation',
  ],
  [
    "an id with another tenant's name in it",
    'meter.settle',
    { reservation: `other/${idOf(1)}`, costUsd: '0' },
    'input_invalid',
    'reservation',
  ],
  [
    'an id used for another payload',
    'meter.reserve',
    { ...RESERVE, reservation: idOf(1), amountUsd: '0.01' },
    'idempotency_key_reused',
    'reservation',
  ],
  [
    'an unknown reservation to extend',
    'meter.extend',
    { reservation: idOf(99) },
    'reservation_not_found',
    'reservation',
  ],
  [
    'an unknown reservation to settle',
    'meter.settle',
    { reservation: idOf(99), costUsd: '0' },
    'reservation_not_found',
    'reservation',
  ],
  [
    'an unknown reservation to release',
    'meter.release',
    { reservation: idOf(99) },
    'reservation_not_found',
    'reservation',
  ],
  [
    'usage of an unknown class',
    'meter.settle',
    { reservation: idOf(1), usage: { goldTokens: 1 } },
    'input_invalid',
    'usage.goldTokens',
  ],
  [
    'negative usage',
    'meter.settle',
    { reservation: idOf(1), usage: { outputTokens: -5 } },
    'input_invalid',
    'usage.outputTokens',
  ],
  [
    'usage and a cost',
    'meter.settle',
    { reservation: idOf(1), usage: {}, costUsd: '1' },
    'input_invalid',
    'usage',
  ],
  [
    'a negative cost',
    'meter.settle',
    { reservation: idOf(1), costUsd: '-0.01' },
    'amount_out_of_range',
    'costUsd',
  ],
  [
    'an unknown basis',
    'meter.settle',
    { reservation: idOf(1), costUsd: '0', basis: 'guessed' },
    'input_invalid',
    'basis',
  ],
  [
    'finality as a text',
    'meter.settle',
    { reservation: idOf(1), costUsd: '0', final: 'no' },
    'input_invalid',
    'final',
  ],
  [
    'a negative limit',
    'limits.set',
    { user: 'alice', limitUsd: '-5' },
    'amount_out_of_range',
    'limitUsd',
  ],
  [
    'a limit in floating point',
    'limits.set',
    { user: 'alice', limitUsd: 5.1 },
    'input_invalid',
    'limitUsd',
  ],
  [
    'an own field called __proto__',
    'meter.reserve',
    `{"reservation":"${idOf(2)}","user":"alice","model":"test-model","amountUsd":"0.01","__proto__":{"polluted":true}}`,
    'input_invalid',
    '__proto__',
  ],
  [
    'a constructor with a prototype',
    'meter.reserve',
    `{"reservation":"${idOf(2)}","user":"alice","model":"test-model","amountUsd":"0.01","constructor":{"prototype":{"polluted":true}}}`,
    'input_invalid',
    'constructor',
  ],
  [
    'an estimate called __proto__',
    'meter.reserve',
    `{"reservation":"${idOf(2)}","user":"alice","model":"test-model","estimate":{"inputTokens":1,"__proto__":{"polluted":true}}}`,
    'input_invalid',
    'estimate.__proto__',
  ],
  [
    'usage called __proto__',
    'meter.settle',
    `{"reservation":"${idOf(1)}","usage":{"__proto__":{"inputTokens":1}}}`,
    'input_invalid',
    'usage.__proto__',
  ],
  [
    'nesting 10,000 deep',
    'meter.reserve',
    `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    'input_invalid',
    'reservation',
  ],
];

describe('a message with', () => {
  it.each(MESSAGES)('%s is refused as %s', async (_what, procedure, input, code, field) => {
    expect(refusalIn(await server.post(procedure, input))).toEqual({ code, field });
    await expectNothingChanged();
  });
});

describe('a user called', () => {
  const REFUSED: readonly (readonly [what: string, user: string])[] = [
    ['nothing', ''],
    ['a blank', ' '],
    ['with a blank before', ' alice'],
    ['with a line break', 'alice\n'],
    ['with a NUL', 'alice\u0000'],
    ['with a reordering mark', 'ali\u202Ece'],
    ['a lone surrogate', 'alice\uD800'],
    ['a lone surrogate the other way round', '\uDC00alice'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['prototype', 'prototype'],
    ['a name of 10 kB', 'a'.repeat(10_240)],
    ['a name of 257 bytes', 'a'.repeat(257)],
    ['a name of 10 kB that is not ASCII', 'ü'.repeat(5_120)],
  ];

  it.each(REFUSED)('%s is refused everywhere, naming the field', async (_what, user) => {
    const amountUsd = '0.01';
    const answers = [
      await server.post('meter.reserve', { ...RESERVE, user, amountUsd }),
      await server.post('limits.set', { user, limitUsd: '9' }),
      await server.get('usage.current', { user }),
      await server.get('limits.get', { user }),
    ];
    for (const answer of answers) {
      expect(refusalIn(answer)).toEqual({ code: 'id_invalid', field: 'user' });
    }
    await expectNothingChanged();
  });

  const ACCEPTED = [
    'a:b',
    '{}',
    '{alice}',
    'a/b',
    '../../x',
    '%2F',
    'алиса',
    '앨리스',
    '👩‍👩‍👧‍👦',
    'a b',
    "'; drop table accounts; --",
    '<script>alert(1)</script>',
    'toString',
    'hasOwnProperty',
    'a'.repeat(256),
  ];

  it.each(ACCEPTED)('%s has a budget of its own, shown under that name', async (user) => {
    const number = 1_000 + ACCEPTED.indexOf(user);
    const call = { ...RESERVE, reservation: idOf(number), user, amountUsd: '0.01' };
    expect(await server.post('meter.reserve', call)).toMatchObject({ status: 200 });
    const { body } = await server.get('usage.current', { user });
    expect(body.result?.data).toMatchObject({
      scope: { kind: 'user', name: user },
      reservedUsd: '0.01',
    });
    await expectNothingChanged();
  });

  it('"a:b" and "a" cannot be mistaken for each other, however the parts are put together', async () => {
    const users = ['a', 'a:b', 'a/b', 'a%3Ab', 'a%253Ab', '{a}', 'A'];
    for (const [index, user] of users.entries()) {
      await server.post('limits.set', { user, limitUsd: String(index + 1) });
    }
    const limits = [];
    for (const user of users) {
      const { body } = await server.get('limits.get', { user });
      limits.push(body.result?.data['limitUsd']);
    }
    expect(limits).toEqual(users.map((_user, index) => `${index + 1}.00`));
  });
});

describe('history and live usage', () => {
  it('refuse a month, a cursor and a page that are none', async () => {
    const refusals = [];
    for (const change of [
      { period: '2026 13' },
      { period: 'now' },
      { cursor: -1 },
      { cursor: 1.5 },
      { limit: 0 },
      { limit: 100_000 },
    ]) {
      refusals.push(refusalIn(await server.get('usage.history', { user: 'alice', ...change })));
    }
    expect(refusals.map(({ code }) => code)).toEqual(refusals.map(() => 'input_invalid'));
    expect(refusals.map(({ field }) => field)).toEqual([
      'period',
      'period',
      'cursor',
      'cursor',
      'limit',
      'limit',
    ]);
  });

  it('refuses what is no period of the budget, and a month before there were months', async () => {
    for (const period of ['0000-01', '2026-13', '2026-11-02.week', '2026-11@Europe.Berlin']) {
      expect(refusalIn(await server.get('usage.current', { user: 'alice', period }))).toEqual({
        code: 'period_invalid',
        field: 'period',
      });
    }
  });
});
