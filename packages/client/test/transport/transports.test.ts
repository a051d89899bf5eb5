/** The ways to reach a server behave alike: answers, errors, live usage. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isBursarError } from '@bursar/core';
import { createBursar } from '@bursar/server';
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/connect.ts';
import { SYSTEM_RUNTIME } from '../../src/runtime.ts';
import { deadUrl } from '../support/dead-url.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { connectTo, MODEL, REACHES, TOKEN } from '../support/world.ts';

async function openServer() {
  const server = await createBursar({ store: { kind: 'memory' }, bootstrapToken: TOKEN });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

/** An HTTP server that is not Bursar. */
async function openImpostor(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function errorOf(answer: Promise<unknown>): Promise<unknown> {
  return await answer.then(
    () => expect.unreachable('no error'),
    (error: unknown) => error,
  );
}

const reservation = (): string => SYSTEM_RUNTIME.newId();

describe.each([...REACHES, 'websocket'] as const)('%s', (reach) => {
  test('own keys are registered, listed, opened, rejected and revoked', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const key = 'sk-own-0123456789abcdefghij';
    const { id, hint } = await bursar.keys.register({ user: 'alice', key });
    expect(hint).toBe('sk-…ghij');
    const { keys } = await bursar.keys.list();
    expect(keys).toMatchObject([{ id, user: 'alice', provider: 'openai' }]);
    // This server has no secret to keep it with.
    const paid = { reservation: reservation(), user: 'alice' };
    const call = { ...paid, provider: 'openai', model: 'gpt-4o', amountUsd: '500.00' };
    await bursar.meter.reserve({ ...call, mayUseOwnKey: true });
    await expect(bursar.keys.open(paid)).rejects.toMatchObject({
      name: 'BursarError',
      code: 'own_key_unavailable',
    });
    const rejection = { user: 'alice', id, reason: 'invalid' } as const;
    expect(await bursar.keys.reject(rejection)).toEqual({ rejected: true });
    await expect(bursar.keys.open(paid)).rejects.toMatchObject({
      code: 'own_key_not_found',
      status: 404,
    });
    expect(await bursar.keys.revoke({ user: 'alice' })).toEqual({ id });
    expect((await bursar.keys.list({ user: 'alice', all: true })).keys).toHaveLength(1);
  });

  test('the four commands, usage and limits answer', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const [kept, dropped] = [reservation(), reservation()];
    const estimate = { inputTokens: 100, outputTokensMax: 100 };
    const terms = { user: 'alice', model: MODEL, estimate };
    expect(await bursar.meter.reserve({ ...terms, reservation: kept })).toMatchObject({
      decision: 'allowed',
      heldUsd: '0.000075',
    });
    await bursar.meter.reserve({ ...terms, reservation: dropped });
    expect(await bursar.meter.extend({ reservation: kept, ttlMs: 60_000 })).toMatchObject({
      decision: 'allowed',
    });
    expect(
      await bursar.meter.settle({
        reservation: kept,
        usage: { inputTokens: 10, outputTokens: 10 },
      }),
    ).toMatchObject({ outcome: 'settled', costUsd: '0.0000075', replayed: false });
    expect(await bursar.meter.release({ reservation: dropped })).toMatchObject({
      outcome: 'released',
    });
    expect(await bursar.limits.set({ user: 'alice', limitUsd: '1.00' })).toMatchObject({
      source: 'own',
    });
    expect(await bursar.limits.get({ user: 'alice' })).toMatchObject({ limitUsd: '1.00' });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
      limitUsd: '1.00',
      settledUsd: '0.0000075',
      reservedUsd: '0.00',
    });
    expect((await bursar.usage.history({ user: 'alice' })).entries).toHaveLength(3);
    await bursar.close();
  });

  test('errors are BursarErrors with code, field and message', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const unknown = await errorOf(bursar.meter.release({ reservation: reservation() }));
    expect(isBursarError(unknown)).toBe(true);
    expect(unknown).toMatchObject({ code: 'reservation_not_found', retryable: false });
    const invalid = await errorOf(bursar.meter.release({ reservation: 'r1' }));
    expect(invalid).toMatchObject({ code: 'input_invalid', field: 'reservation' });
    expect((invalid as Error).message).toContain('UUID');
    const unpriced = await errorOf(
      bursar.meter.reserve({
        reservation: reservation(),
        user: 'alice',
        model: 'unheard-of',
        estimate: { inputTokens: 1 },
      }),
    );
    expect(unpriced).toMatchObject({ code: 'price_unknown', status: 412 });
    await bursar.close();
  });

  test('live usage is the present state, then each change, until the loop is left', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const seen: string[] = [];
    for await (const { limitUsd } of bursar.usage.live({ user: 'alice' })) {
      seen.push(String(limitUsd));
      if (seen.length === 3) break;
      await bursar.limits.set({ user: 'alice', limitUsd: `${seen.length}.50` });
    }
    expect(seen).toEqual(['5.00', '1.50', '2.50']);
    await bursar.close();
  });

  test('live usage of any scope that budgets can be on, by either spelling, and of any budget of it', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const kinds = ['team', 'org', 'key', 'model', 'feature', 'session'];
    for (const kind of kinds) {
      const [short, long] = [
        bursar.usage.live({ scope: { [kind]: 'growth' }, budget: 'tokens' }),
        bursar.usage.live({ scope: { kind, name: 'growth' }, budget: 'tokens' }),
      ];
      await Promise.all([short.next(), long.next()]);
      const next = Promise.all([short.next(), long.next()]);
      const changed = { scope: { kind, name: 'growth' }, budget: 'tokens', limitUsd: '3.50' };
      // Of somebody else, and of another budget: nobody who follows this one is told.
      await bursar.limits.set({ ...changed, scope: { kind, name: 'ops' }, limitUsd: '1.00' });
      await bursar.limits.set({ ...changed, budget: 'credit', limitUsd: '2.00' });
      await bursar.limits.set(changed);
      expect((await next).map(({ value }) => value?.limitUsd)).toEqual(['3.50', '3.50']);
      await Promise.all([short.return?.(), long.return?.()]);
    }
    await bursar.close();
  });

  test('live usage of a team follows the calls that the team pays for', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const budgets = [{ name: 'credit', on: { kind: 'team' }, limitUsd: '10.00' }];
    const document = { version: 1, defaults: { budgets } };
    await bursar.policies.put({ document, expectedVersion: 0 });
    const states = bursar.usage.live({ scope: { team: 'growth' } });
    expect((await states.next()).value).toMatchObject({ limitUsd: '10.00', settledUsd: '0.00' });
    const call = { user: 'alice', model: MODEL, scopes: { team: 'growth' }, amountUsd: '0.50' };
    await bursar.meter.reserve({ ...call, reservation: reservation() });
    expect((await states.next()).value).toMatchObject({ reservedUsd: '0.50' });
    await bursar.close();
  });

  test('live usage of several scopes at once, or of a kind that nobody knows, is an error', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    for (const scope of [{ team: 'growth', org: 'acme' }, {}]) {
      const error = await errorOf(bursar.usage.live({ scope }).next());
      expect(error).toMatchObject({ code: 'input_invalid', field: 'scope' });
    }
    const error = await errorOf(bursar.usage.live({ scope: { planet: 'mars' } }).next());
    expect(error).toMatchObject({ code: 'input_invalid', field: 'scopes.planet' });
    await bursar.close();
  });

  test('live usage ends when its signal aborts, also while nothing happens', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const abort = new AbortController();
    const states = bursar.usage.live({ user: 'alice', signal: abort.signal });
    expect((await states.next()).done).toBe(false);
    const next = states.next();
    abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await states.next()).toEqual({ done: true, value: undefined });
    await bursar.close();
  });

  test('more live loops can be left than may be open at once', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    for (let loop = 0; loop < 120; loop += 1) {
      for await (const state of bursar.usage.live({ user: 'alice' })) {
        expect(state.limitUsd).toBe('5.00');
        break;
      }
    }
    await bursar.close();
  });

  test('live usage of nobody is an error, not an endless wait', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const error = await errorOf(bursar.usage.live({ user: '' }).next());
    expect(error).toMatchObject({ code: 'id_invalid', field: 'user' });
    await bursar.close();
  });

  test('close ends live loops and refuses new calls', async () => {
    await using server = await openServer();
    const bursar = await connectTo(server, reach);
    const states = bursar.usage.live({ user: 'alice' });
    await states.next();
    const next = states.next();
    await bursar.close();
    expect((await next).done).toBe(true);
    const answer = await bursar.fetch({ user: 'alice' })('http://127.0.0.1:1/v1/embeddings', {
      method: 'POST',
      body: JSON.stringify({ model: 'text-embedding-3-small', input: 'hi' }),
    });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'connection_closed' } });
  });
});

describe('http', () => {
  test('many calls at once share requests', async () => {
    await using server = await openServer();
    let requests = 0;
    const bursar = connect({
      url: await server.listen(),
      token: TOKEN,
      fetch: (input, init) => {
        requests += 1;
        return fetch(input, init);
      },
    });
    await Promise.all(Array.from({ length: 200 }, () => bursar.usage.current({ user: 'alice' })));
    expect(requests).toBeLessThan(20);
    await bursar.close();
  });

  test('a server that is not there is store_unavailable, tried three times', async () => {
    const runtime = new ManualRuntime();
    const bursar = connect({ url: await deadUrl(), token: TOKEN }, runtime);
    const error = await errorOf(bursar.meter.release({ reservation: reservation() }));
    expect(error).toMatchObject({ code: 'store_unavailable', retryable: true, status: 503 });
    expect(String(error)).toContain('ECONNREFUSED');
    expect(runtime.waits).toHaveLength(2);
  });

  test('a server that does not answer is store_timeout: nobody knows what happened', async () => {
    await using server = await openImpostor(() => {});
    const bursar = connect(
      { url: server.url, token: TOKEN, requestMsMax: 20 },
      new ManualRuntime(),
    );
    const error = await errorOf(bursar.meter.release({ reservation: reservation() }));
    expect(error).toMatchObject({ code: 'store_timeout', retryable: true });
  });

  test('F25: a command whose answer was lost is repeated and applied once', async () => {
    await using server = await openServer();
    let lose = 1;
    const bursar = connect(
      {
        url: await server.listen(),
        token: TOKEN,
        fetch: async (input, init) => {
          const answer = await fetch(input, init);
          if (lose-- <= 0) return answer;
          throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
        },
      },
      new ManualRuntime(),
    );
    const command = { reservation: reservation(), user: 'alice', model: MODEL, amountUsd: '1.00' };
    expect(await bursar.meter.reserve(command)).toMatchObject({
      decision: 'allowed',
      replayed: true,
    });
    lose = 1;
    const settled = await bursar.meter.settle({
      reservation: command.reservation,
      costUsd: '0.40',
    });
    expect(settled).toMatchObject({ replayed: true, costUsd: '0.40' });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ settledUsd: '0.40' });
  });

  test.each([
    [404, 'route_not_found', 1],
    [401, 'unauthorized', 1],
    [429, 'too_many_requests', 1],
    [200, 'route_not_found', 1],
    [502, 'store_timeout', 3],
  ])('an answer %i that is not Bursar’s is %s', async (status, code, attempts) => {
    let requests = 0;
    await using server = await openImpostor((_request, response) => {
      requests += 1;
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>no</h1>');
    });
    const bursar = connect({ url: server.url, token: TOKEN }, new ManualRuntime());
    expect(await errorOf(bursar.meter.release({ reservation: reservation() }))).toMatchObject({
      code,
    });
    expect(requests).toBe(attempts);
  });

  test('a wrong token is refused once, also for live usage', async () => {
    await using server = await openServer();
    const bursar = connect({ url: await server.listen(), token: 'bk_wrong' });
    expect(await errorOf(bursar.usage.current({ user: 'alice' }))).toMatchObject({
      code: 'unauthorized',
    });
    expect(await errorOf(bursar.usage.live({ user: 'alice' }).next())).toMatchObject({
      code: 'unauthorized',
    });
    await bursar.close();
  });

  test.each([
    ['a user', { user: 'alice' }],
    ['a team', { scope: { kind: 'team', name: 'growth' } }],
  ])(
    'live usage of %s survives a lost connection without repeating what was seen',
    async (_who, subject) => {
      await using server = await openServer();
      const url = await server.listen();
      const connections: AbortController[] = [];
      const resumedAfter: (string | null)[] = [];
      const bursar = connect({
        url,
        token: TOKEN,
        fetch: (input, init) => {
          const cut = new AbortController();
          const { url: address, headers } = new Request(input, init);
          if (address.includes('usage.live')) {
            connections.push(cut);
            resumedAfter.push(headers.get('last-event-id'));
          }
          const signal = init?.signal ? AbortSignal.any([init.signal, cut.signal]) : cut.signal;
          return fetch(input, { ...init, signal });
        },
      });
      const states = bursar.usage.live(subject);
      await bursar.limits.set({ ...subject, limitUsd: '6.00' });
      expect((await states.next()).value?.limitUsd).toBe('6.00');
      connections.at(-1)?.abort(new TypeError('connection lost'));
      await bursar.limits.set({ ...subject, limitUsd: '7.00' });
      expect((await states.next()).value?.limitUsd).toBe('7.00');
      // The browser's own way of resuming: what was seen last comes with the request.
      expect(resumedAfter[0]).toBeNull();
      expect(resumedAfter.at(-1)).toMatch(/^\d+\./);
      await states.return?.();
      await bursar.close();
    },
  );
});
