/**
 * F12: every door is guarded. Each procedure of the server either decides whether money may be spent, and says no to
 * a user without any, or is on the written list of those that spend nothing, with the reason why. A procedure that is
 * neither does not compile here.
 */
import { type AppRouter, appRouter } from '@bursar/api';
import type { inferRouterInputs } from '@trpc/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOf } from '../support/test-service.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

type Inputs = inferRouterInputs<AppRouter>;
type Procedure = {
  [Group in keyof Inputs]: `${Group}.${keyof Inputs[Group] & string}`;
}[keyof Inputs];

type Decision =
  /** Lets money be spent; denies `input` to a user that has none. */
  | { readonly guarded: object }
  /** Spends nothing, because … */
  | { readonly free: string };

const user = 'exhausted';
const RUNNING = idOf(1);

const DECISIONS: Readonly<Record<Procedure, Decision>> = {
  'meter.reserve': {
    guarded: { reservation: idOf(2), user, model: 'test-model', amountUsd: '0.01' },
  },
  'meter.extend': { guarded: { reservation: RUNNING, amountUsd: '1.01' } },
  'meter.settle': { free: 'books what was spent already; refusing would only lose it' },
  'meter.release': { free: 'gives back' },
  'usage.current': { free: 'reads' },
  'usage.history': { free: 'reads' },
  'usage.live': { free: 'reads' },
  'keys.register': { free: 'keeps a key of the user’s own' },
  'keys.list': { free: 'reads' },
  'keys.open': { free: 'hands out a key of the user’s own, with which nothing of ours is spent' },
  'keys.reject': { free: 'marks a key' },
  'keys.revoke': { free: 'removes a key' },
  'limits.get': { free: 'reads' },
  'limits.clear': { free: 'is the operator’s own decision' },
  'budgets.grant': { free: 'is the operator’s own decision' },
  'budgets.adjust': { free: 'is the operator’s own decision' },
  'policies.get': { free: 'reads' },
  'policies.explain': { free: 'reads' },
  'policies.promotions': { free: 'reads' },
  'policies.put': { free: 'is the operator’s own decision' },
  'limits.set': { free: 'is the operator’s own decision' },
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ logLevel: 'silent' });
  // One call that uses up everything and is still running.
  const call = { reservation: RUNNING, user, model: 'test-model', amountUsd: '1.00' };
  await server.post('meter.reserve', call);
});
afterAll(() => server.bursar.close());

describe('F12: every procedure', () => {
  it('has a decision, and none is decided that does not exist', () => {
    expect(Object.keys(DECISIONS).toSorted()).toEqual(
      Object.keys(appRouter._def.procedures).toSorted(),
    );
  });

  const guarded = Object.entries(DECISIONS).flatMap(([procedure, decision]) =>
    'guarded' in decision ? [[procedure, decision.guarded] as const] : [],
  );
  it.each(guarded)(
    'that lets money be spent denies a user without any: %s',
    async (procedure, input) => {
      const { status, body } = await server.post(procedure, input);
      expect(status).toBe(200);
      expect(body.result?.data).toMatchObject({ decision: 'denied' });
    },
  );

  it('leaves nothing set aside but what was before', async () => {
    const { body } = await server.get('usage.current', { user });
    expect(body.result?.data).toMatchObject({ reservedUsd: '1.00', settledUsd: '0.00' });
  });
});

it('F12: there are no other routes than the procedures and the health of the server', async () => {
  for (const path of ['/', '/v1/chat/completions', '/metrics', '/admin', '/trpc', '/healthz/x']) {
    expect((await fetch(server.url + path, { method: 'POST', body: '{}' })).status).toBe(404);
  }
  for (const path of ['/healthz', '/readyz']) {
    const answer = await fetch(server.url + path);
    expect([200, 503]).toContain(answer.status);
  }
});
