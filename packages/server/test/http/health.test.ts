/** Health: whether the process lives, and whether it should get requests. */
import { describe, expect, it } from 'vitest';
import { READINESS_TIMEOUT_MS } from '../../src/http/readiness.ts';
import { settled } from '../support/manual-time.ts';
import { ask, startTestServer } from '../support/test-server.ts';

describe('/healthz', () => {
  it('says that the process is alive, without a token', async () => {
    await using server = await startTestServer();
    expect(await ask(`${server.url}/healthz`)).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
  });
});

describe('/readyz', () => {
  it('names mode, store and since when', async () => {
    await using server = await startTestServer();
    expect(await ask(`${server.url}/readyz`)).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        mode: 'direct',
        store: 'memory',
        migrations: 'current',
        since: '2026-11-15T12:00:00.000Z',
      },
    });
  });

  it('is 503 while the store fails, says since when, and 200 again when it is back', async () => {
    await using server = await startTestServer();
    const nowMs = server.tier.nowMs.bind(server.tier);
    server.tier.nowMs = async () => {
      throw new Error('the store is away');
    };
    await server.time.advance(60_000);
    const unavailable = {
      status: 'unavailable',
      mode: 'closed',
      since: '2026-11-15T12:01:00.000Z',
    };
    expect(await ask(`${server.url}/readyz`)).toMatchObject({ status: 503, body: unavailable });
    await server.time.advance(5_000);
    expect(await ask(`${server.url}/readyz`)).toMatchObject({ status: 503, body: unavailable });
    server.tier.nowMs = nowMs;
    await server.time.advance(5_000);
    expect(await ask(`${server.url}/readyz`)).toMatchObject({
      status: 200,
      body: { status: 'ready', mode: 'direct', since: '2026-11-15T12:01:10.000Z' },
    });
  });

  it('is 503 when the store does not answer in time, and does not wait longer', async () => {
    await using server = await startTestServer();
    server.tier.nowMs = () => new Promise(() => {});
    await server.time.advance(60_000);
    const waiting = server.time.waiting;
    const answer = ask(`${server.url}/readyz`);
    while (server.time.waiting === waiting) await settled();
    await server.time.advance(READINESS_TIMEOUT_MS);
    expect(await answer).toMatchObject({ status: 503, body: { mode: 'closed' } });
  });

  it('is 503 when the schema is not the one that this version works with', async () => {
    await using server = await startTestServer({ isCurrent: async () => false });
    expect(await ask(`${server.url}/readyz`)).toMatchObject({
      status: 503,
      body: { status: 'unavailable', migrations: 'behind' },
    });
  });

  it('asks the store once a second however often it is asked itself', async () => {
    await using server = await startTestServer();
    let asked = 0;
    const nowMs = server.tier.nowMs.bind(server.tier);
    server.tier.nowMs = async () => {
      asked += 1;
      return nowMs();
    };
    await Promise.all(Array.from({ length: 20 }, () => ask(`${server.url}/readyz`)));
    expect(asked).toBe(1);
  });
});
