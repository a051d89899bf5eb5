/**
 * Pacing is a courtesy: whoever does without it, or lies about anything that it looks at, gets from the server exactly what
 * the limits allow, and takes nothing from anybody else.
 */
import type { ReserveInput, ReserveOutput } from '@bursar/api';
import { duration, isBursarError, type LimiterPolicy } from '@bursar/core';
import { createBursar } from '@bursar/server';
import { describe, expect, test } from 'vitest';
import type { Bursar } from '../../src/connect.ts';
import { openPacedWorld, type PacedWorld, requestsOn, talk } from '../support/paced-world.ts';
import { TOKEN } from '../support/world.ts';
import { SYSTEM_RUNTIME } from '../../src/runtime.ts';

const LIMIT = 20;
const WINDOW_MS = duration(60_000, 'windowMs');
const LIMITERS: readonly LimiterPolicy[] = [
  { algorithm: 'sliding-window-counter', limit: LIMIT, windowMs: WINDOW_MS },
  { algorithm: 'sliding-window-log', limit: LIMIT, windowMs: WINDOW_MS },
  { algorithm: 'token-bucket', capacity: LIMIT, refillPermits: LIMIT, refillEveryMs: WINDOW_MS },
];
const WINDOWS = 5;

type Meter = Bursar['meter'];

/** A call, and what becomes of it, as somebody might do it who means harm. */
type Attack = (meter: Meter, index: number, input: ReserveInput) => Promise<void>;

const call = async (meter: Meter, input: ReserveInput, costUsd: string): Promise<ReserveOutput> => {
  const decision = await meter.reserve(input);
  if (decision.decision === 'allowed') {
    await meter.settle({ reservation: input.reservation, costUsd, basis: 'reported' });
  }
  return decision;
};
let firstId: string | undefined;

const ATTACKS: Readonly<Record<string, Attack>> = {
  'ignores pacing': async (meter, _index, input) => void (await call(meter, input, '0.001')),
  'claims other sessions': async (meter, index, input) =>
    void (await call(meter, { ...input, scopes: { session: `of-somebody-${index}` } }, '0.001')),
  'says that it used nothing': async (meter, _index, input) => void (await call(meter, input, '0')),
  'says that it used far more': async (meter, _index, input) =>
    void (await call(meter, input, '900')),
  'gives calls back that it made': async (meter, _index, input) => {
    const { decision } = await meter.reserve(input);
    if (decision === 'allowed') await meter.release({ reservation: input.reservation });
  },
  'uses an id again': async (meter, _index, input) => {
    firstId ??= input.reservation;
    await call(meter, { ...input, reservation: firstId }, '0.001').catch(() => {});
  },
  'says that it is urgent': async (meter, _index, input) => {
    const urgent = { ...input, priority: 'interactive', pace: false } as ReserveInput;
    const error: unknown = await meter.reserve(urgent).catch((reason: unknown) => reason);
    expect(isBursarError(error) && error.code).toBe('input_invalid');
  },
};

/** What an attack brings at least, so that it is one; a whole window's limit unless said. */
const GAINED_MIN: Readonly<Record<string, number>> = {
  'uses an id again': 1,
  'says that it is urgent': 0,
};

/** What the others are answered while somebody does `attack`, ten times as fast as may be, and what that brings. */
async function outcome(
  limiter: LimiterPolicy,
  attack?: Attack,
): Promise<{ readonly others: readonly unknown[]; readonly gained: number }> {
  firstId = undefined;
  await using world = await openPacedWorld([requestsOn('user', limiter)]);
  for (const user of ['alice', 'bob']) {
    talk(world, world.connect(user.length), {
      everyMs: WINDOW_MS / LIMIT / 2,
      seed: user.length,
      call: { user },
      pace: user === 'alice' ? { waitMsMax: 120_000 } : false,
    });
  }
  if (attack !== undefined) void attackWith(world, attack);
  await world.time.pass(WINDOWS * WINDOW_MS);
  const mallorys = world.asked.filter(({ input }) => input.user === 'mallory');
  const granted = mallorys.flatMap(({ output }) =>
    output.decision === 'allowed' ? [output.reservation] : [],
  );
  return {
    others: world.asked
      .filter(({ input }) => input.user !== 'mallory')
      .map(({ atMs, input, output }) => [atMs, input.user, withoutIds(output)]),
    gained: new Set(granted).size,
  };
}

async function attackWith(world: PacedWorld, attack: Attack): Promise<void> {
  const { meter } = world.connect(99);
  for (let index = 0; ; index += 1) {
    await world.time.sleep(WINDOW_MS / LIMIT / 10);
    const input = {
      reservation: SYSTEM_RUNTIME.newId(),
      user: 'mallory',
      model: 'ours',
      amountUsd: '0.01',
    };
    // Does not wait for answers, either.
    void attack(meter, index, input);
  }
}

function withoutIds(output: ReserveOutput): unknown {
  return output.decision === 'allowed' ? { ...output, reservation: undefined } : output;
}

/** Most calls that a limiter lets through in `WINDOWS` windows, whatever anybody does. */
function mostOf({ algorithm }: LimiterPolicy): number {
  return algorithm === 'token-bucket' ? LIMIT * (WINDOWS + 1) : LIMIT * WINDOWS;
}

describe.each(LIMITERS.map((limiter) => [limiter.algorithm, limiter] as const))(
  'B7: by %s',
  (_algorithm, limiter) => {
    test('who lies or does not wait gains nothing, and the others are answered as without them', async () => {
      const alone = await outcome(limiter);
      expect(alone.others.length).toBeGreaterThan(100);
      for (const [name, attack] of Object.entries(ATTACKS)) {
        const { others, gained } = await outcome(limiter, attack);
        expect({ name, others }).toEqual({ name, others: alone.others });
        expect(gained, name).toBeLessThanOrEqual(mostOf(limiter));
        expect(gained, name).toBeGreaterThanOrEqual(GAINED_MIN[name] ?? LIMIT);
      }
    });

    test('what is sent to the server is the same with pacing and without', async () => {
      const sent = async (pace: boolean): Promise<unknown> => {
        await using world = await openPacedWorld([requestsOn('user', limiter)]);
        const bursar = world.connect();
        void bursar.meter(
          { user: 'alice', model: 'ours', amountUsd: '0.01', scopes: { team: 'red' }, pace },
          async () => ({ value: 1, costUsd: '0.001' }),
        );
        await world.time.pass(1_000);
        return world.asked.map(({ input }) => ({ ...input, reservation: undefined }));
      };
      expect(await sent(true)).toEqual(await sent(false));
    });
  },
);

test('headers that a client makes up change no answer', async () => {
  const server = await createBursar({ store: { kind: 'memory' }, bootstrapToken: TOKEN });
  try {
    const url = await server.listen();
    const rates = [
      requestsOn('user', {
        algorithm: 'fixed-window',
        limit: 3,
        windowMs: duration(2_000_000_000, 'windowMs'),
      }),
    ];
    const budgets = [{ name: 'credit', on: { kind: 'user' }, limitUsd: null }];
    await server
      .caller({ tenant: 'default' })
      .policies.put({ document: { version: 1, defaults: { budgets, rates } }, expectedVersion: 0 });
    const forged = {
      'x-ratelimit-limit': '1000000',
      'x-ratelimit-remaining': '1000000',
      'x-ratelimit-reset': '0',
      ratelimit: '"user/pace";r=1000000;t=1',
      'ratelimit-policy': '"user/pace";q=1000000;w=1',
      'retry-after': '0',
      priority: 'u=0',
      'x-forwarded-for': '10.0.0.1',
      'x-bursar-user': 'somebody',
    };
    const seen = async (user: string, headers: object): Promise<unknown> => {
      const answers: unknown[] = [];
      for (let index = 0; index < 5; index += 1) {
        const response = await fetch(`${url}/trpc/meter.reserve`, {
          method: 'POST',
          headers: {
            ...headers,
            authorization: `Bearer ${TOKEN}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({
            reservation: SYSTEM_RUNTIME.newId(),
            user,
            model: 'ours',
            amountUsd: '0.01',
          }),
        });
        const { result } = (await response.json()) as { result: { data: ReserveOutput } };
        answers.push([
          response.status,
          result.data.decision,
          response.headers.get('x-ratelimit-remaining'),
        ]);
      }
      return answers;
    };
    const honest = await seen('alice', {});
    expect(honest).toEqual([
      [200, 'allowed', '2'],
      [200, 'allowed', '1'],
      [200, 'allowed', '0'],
      [200, 'denied', '0'],
      [200, 'denied', '0'],
    ]);
    expect(await seen('mallory', forged)).toEqual(honest);
  } finally {
    await server.close();
  }
});
