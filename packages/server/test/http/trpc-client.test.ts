/** The server as tRPC's own client sees it: batched calls, typed answers, typed refusals. */
import type { AppRouter } from '@bursar/api';
import { createTRPCClient, httpBatchLink, TRPCClientError } from '@trpc/client';
import { describe, expect, it } from 'vitest';
import { idOf } from '../support/test-service.ts';
import { authorization, startTestServer } from '../support/test-server.ts';

function clientOf(url: string, token: string) {
  return createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${url}/trpc`, headers: authorization(token), maxItems: 100 })],
  });
}

describe('a client', () => {
  it('that sends 200 calls in one moment gets an answer to each, and the budget holds exactly', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const client = clientOf(server.url, await server.tokenFor(['meter', 'read']));
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_none, index) =>
        client.meter.reserve.mutate({
          reservation: idOf(index),
          user: 'alice',
          model: 'test-model',
          amountUsd: '0.02',
        }),
      ),
    );
    const allowed = answers.filter(({ decision }) => decision === 'allowed');
    expect([allowed.length, answers.length]).toEqual([50, 200]);
    expect(await client.usage.current.query({ user: 'alice' })).toMatchObject({
      reservedUsd: '1.00',
      availableUsd: '0.00',
    });
  });

  it('can tell refusals apart by code and field, also when the sign-in failed', async () => {
    await using server = await startTestServer({ logLevel: 'silent' });
    const token = await server.tokenFor(['meter']);
    const refusalOf = async (call: Promise<unknown>): Promise<unknown> => {
      const error = await call.catch((reason: unknown) => reason);
      return error instanceof TRPCClientError ? error.data : error;
    };
    const { meter, limits } = clientOf(server.url, token);
    expect(await refusalOf(meter.settle.mutate({ reservation: idOf(1), costUsd: '1' }))).toEqual({
      code: 'reservation_not_found',
      httpStatus: 404,
      retryable: false,
      field: 'reservation',
    });
    expect(await refusalOf(limits.get.query({ user: 'alice' }))).toMatchObject({
      code: 'forbidden',
    });
    const stranger = clientOf(server.url, `${token}x`);
    expect(await refusalOf(stranger.meter.release.mutate({ reservation: idOf(1) }))).toMatchObject({
      code: 'unauthorized',
      retryable: false,
    });
  });
});
