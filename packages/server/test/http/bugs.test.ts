/** Bugs: the caller gets an id, the log gets everything else, under the same id and without secrets. */
import { describe, expect, it } from 'vitest';
import { idOf } from '../support/test-service.ts';
import { BOOTSTRAP_TOKEN, startTestServer, type TestServer } from '../support/test-server.ts';

const CALL = { reservation: idOf(1), user: 'alice', model: 'test-model', amountUsd: '0.10' };
const CANARY = 'sk-canary-0123456789abcdef';

function breakTier(server: TestServer): void {
  server.tier.execute = async () => {
    throw new TypeError(`cannot read ${CANARY} of undefined`);
  };
}

describe('a bug', () => {
  it('is answered with an id, under which the log has the error', async () => {
    await using server = await startTestServer();
    breakTier(server);
    const { status, body, text } = await server.post('meter.reserve', CALL);
    expect(status).toBe(500);
    expect(body.error?.data).toEqual({
      code: 'invariant_violated',
      httpStatus: 500,
      retryable: false,
    });
    expect(text).not.toMatch(/TypeError|canary|\.ts/);
    const errorId = /error id ([0-9a-f-]{36})/.exec(text)?.[1] ?? 'none';
    const line = server.log.find((entry) => entry.includes(errorId));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      level: 'error',
      procedure: 'meter.reserve',
      error: { type: 'TypeError', message: 'cannot read [redacted] of undefined' },
    });
  });

  it('is answered the same way to a caller in this process', async () => {
    await using server = await startTestServer();
    breakTier(server);
    const call = server.bursar.caller({ tenant: 'acme' }).meter.reserve(CALL);
    await expect(call).rejects.toMatchObject({ code: 'invariant_violated' });
    await expect(call).rejects.toThrow('error id');
    expect(server.log.some((line) => line.includes('errorId'))).toBe(true);
  });

  it('does not change what others get in the same batch', async () => {
    await using server = await startTestServer();
    breakTier(server);
    const { status, body } = await server.post('meter.reserve,meter.reserve?batch=1', {
      0: CALL,
      1: { ...CALL, user: '' },
    });
    expect(status).toBe(207);
    const answers = body as unknown as readonly { error: { data: { code: string } } }[];
    expect(answers.map(({ error }) => error.data.code)).toEqual([
      'invariant_violated',
      'id_invalid',
    ]);
  });
});

describe('a store that is away', () => {
  it('is answered as unavailable, retryably, and says when to retry', async () => {
    await using server = await startTestServer();
    await server.tier.close();
    const { status, body } = await server.post('meter.reserve', CALL);
    expect(status).toBe(503);
    expect(body.error?.data).toMatchObject({ code: 'store_unavailable', retryable: true });
  });
});

describe('the log', () => {
  it('never has a token, whatever is sent and however it fails', async () => {
    await using server = await startTestServer();
    const token = await server.tokenFor(['meter']);
    await server.post('meter.reserve', CALL, token);
    await server.post('meter.reserve', { ...CALL, user: token }, token);
    await server.post('limits.set', { user: 'a', limitUsd: token }, BOOTSTRAP_TOKEN);
    await server.get('usage.current', { user: 'a' }, `${token}x`);
    breakTier(server);
    await server.post('meter.reserve', CALL, token);
    const log = server.log.join('');
    expect(log).not.toBe('');
    expect(log).not.toContain(token.slice(25));
    expect(log).not.toContain(BOOTSTRAP_TOKEN);
    expect(log).not.toContain(CANARY);
  });
});
