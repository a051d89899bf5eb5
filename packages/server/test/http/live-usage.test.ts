/** Live usage over HTTP: server-sent events that a client can lose and take up again. */
import { describe, expect, it } from 'vitest';
import { STREAM_CHECK_MS } from '../../src/http/open-streams.ts';
import { type EventStream, openEventStream } from '../support/event-stream.ts';
import { idOf } from '../support/test-service.ts';
import { authorization, startTestServer, type TestServer } from '../support/test-server.ts';

const CALL = { user: 'alice', model: 'test-model', amountUsd: '0.10' };

function open(
  server: TestServer,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> {
  const input = encodeURIComponent(JSON.stringify({ user: 'alice' }));
  return openEventStream(`${server.url}/trpc/usage.live?input=${input}`, {
    ...authorization(token),
    ...headers,
  });
}

describe('a stream', () => {
  it('sends the present state and then each change', async () => {
    await using server = await startTestServer();
    const token = await server.tokenFor(['meter', 'read']);
    const stream = await open(server, token);
    expect(await stream.next()).toMatchObject({ data: { reservedUsd: '0.00' } });
    await server.post('meter.reserve', { reservation: idOf(1), ...CALL }, token);
    expect(await stream.next()).toMatchObject({ data: { reservedUsd: '0.10' } });
    await server.post('meter.settle', { reservation: idOf(1), costUsd: '0.04' }, token);
    expect(await stream.next()).toMatchObject({
      data: { reservedUsd: '0.00', settledUsd: '0.04' },
    });
    stream.close();
  });

  it('that is taken up again repeats nothing that was seen and misses nothing that was not', async () => {
    await using server = await startTestServer();
    const token = await server.tokenFor(['meter', 'read']);
    const first = await open(server, token);
    const seen = await first.next();
    first.close();

    const again = await open(server, token, { 'last-event-id': seen?.id ?? '' });
    await server.post('meter.reserve', { reservation: idOf(1), ...CALL }, token);
    const next = await again.next();
    expect(next).toMatchObject({ data: { reservedUsd: '0.10' } });
    again.close();

    await server.post('meter.settle', { reservation: idOf(1), costUsd: '0.04' }, token);
    const third = await open(server, token, { 'last-event-id': next?.id ?? '' });
    expect(await third.next()).toMatchObject({ data: { settledUsd: '0.04' } });
    third.close();
  });

  it('ends with the next look at its token after that was revoked', async () => {
    await using server = await startTestServer();
    const token = await server.tokenFor(['read']);
    const stream = await open(server, token);
    expect(await stream.next()).toMatchObject({ event: 'message' });
    await server.time.advance(STREAM_CHECK_MS);
    await server.tokens.revoke(token.split('_')[2] ?? '', server.time.nowMs());
    await server.time.advance(STREAM_CHECK_MS);
    expect(await stream.next()).toBeUndefined();
    const refused = await open(server, token);
    expect(await refused.next()).toMatchObject({
      event: 'serialized-error',
      data: { data: { code: 'unauthorized' } },
    });
    refused.close();
  });

  it('refuses a user that is none, in the shape of every other refusal', async () => {
    await using server = await startTestServer();
    const token = await server.tokenFor(['read']);
    const input = encodeURIComponent(JSON.stringify({ user: 'a\u0000b' }));
    const url = `${server.url}/trpc/usage.live?input=${input}`;
    const stream = await openEventStream(url, authorization(token));
    expect(await stream.next()).toMatchObject({
      event: 'serialized-error',
      data: { data: { code: 'id_invalid', field: 'user', httpStatus: 400 } },
    });
    stream.close();
  });
});
