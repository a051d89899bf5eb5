/** Who pays for a call: the service while its credit lasts, then the user's own key. */
import { describe, expect, it } from 'vitest';
import { idOf, openTestService } from '../support/test-service.ts';

const KEY = 'sk-alice-0123456789abcdefghijkl';

function open() {
  const opened = openTestService();
  const bursar = opened.as();
  let number = 0;
  const reserve = (
    amountUsd: string,
    more: { mayUseOwnKey?: boolean; reservation?: string } = { mayUseOwnKey: true },
  ) => {
    number += 1;
    return bursar.meter.reserve({
      reservation: idOf(number),
      user: 'alice',
      provider: 'openai',
      model: 'test-model',
      amountUsd,
      ...more,
    });
  };
  const register = async () => (await bursar.keys.register({ user: 'alice', key: KEY })).id;
  return { ...opened, bursar, reserve, register };
}

describe('with a key of the user’s own', () => {
  it('F45: the service pays until the next call no longer fits, then the key; the credit is not lowered by it', async () => {
    const { bursar, reserve, register } = open();
    const keyId = await register();
    expect(await reserve('0.90')).toMatchObject({ funding: { source: 'service' } });
    const own = await reserve('0.20');
    expect(own).toMatchObject({
      decision: 'allowed',
      funding: { source: 'own_key', provider: 'openai', keyId },
      budgets: [{ budget: 'own-key', limitUsd: null, reservedUsd: '0.20' }],
    });
    await bursar.meter.settle({ reservation: idOf(2), costUsd: '0.15' });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({
      settledUsd: '0.00',
      reservedUsd: '0.90',
    });
    expect(await bursar.usage.current({ user: 'alice', budget: 'own-key' } as never)).toMatchObject(
      { settledUsd: '0.15', reservedUsd: '0.00' },
    );
    // What still fits the credit is paid by the service.
    expect(await reserve('0.10')).toMatchObject({ funding: { source: 'service' } });
  });

  it('F45: when the credit returns the service pays again', async () => {
    const { bursar, reserve, register } = open();
    await register();
    await reserve('1.00');
    expect(await reserve('0.50')).toMatchObject({ funding: { source: 'own_key' } });
    await bursar.limits.set({ user: 'alice', limitUsd: '2.00' });
    expect(await reserve('0.50')).toMatchObject({ funding: { source: 'service' } });
  });

  it('a repeat is answered as the first time, whoever could pay by now', async () => {
    const { bursar, reserve, register } = open();
    const keyId = await register();
    await reserve('1.00');
    const repeated = { mayUseOwnKey: true, reservation: idOf(7) };
    const first = await reserve('0.50', repeated);
    await bursar.limits.set({ user: 'alice', limitUsd: '2.00' });
    const again = await reserve('0.50', repeated);
    expect(first).toMatchObject({ funding: { source: 'own_key', keyId }, replayed: false });
    expect(again).toMatchObject({ funding: { source: 'own_key', keyId }, replayed: true });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ reservedUsd: '1.00' });
  });

  it('a caller that cannot make calls with it is refused instead', async () => {
    const { reserve, register } = open();
    await register();
    await reserve('1.00');
    expect(await reserve('0.50', {})).toMatchObject({ reason: 'budget_exhausted', ownKey: null });
  });

  it('F45: a key that the provider rejected pays no more, and the refusal says so', async () => {
    const { bursar, reserve, register } = open();
    const id = await register();
    await reserve('1.00');
    await bursar.keys.reject({ user: 'alice', id, reason: 'invalid' });
    expect(await reserve('0.50')).toMatchObject({
      reason: 'budget_exhausted',
      ownKey: { state: 'rejected', provider: 'openai' },
      message: expect.stringContaining('not accepted by the provider'),
    });
  });

  it('who has none is told how to add one', async () => {
    const { reserve } = open();
    await reserve('1.00');
    expect(await reserve('0.50')).toMatchObject({
      reason: 'budget_exhausted',
      ownKey: {
        state: 'none',
        provider: 'openai',
        howToAdd: expect.stringContaining('keys.register'),
      },
    });
  });

  it('its own budget may limit it, and a rate limit is no reason to use it', async () => {
    const { bursar, reserve, register } = open();
    await register();
    await bursar.policies.put({
      expectedVersion: 0,
      document: {
        version: 1,
        defaults: {
          budgets: [
            { name: 'credit', on: { kind: 'user' }, limitUsd: '1.00' },
            { name: 'own-key', on: { kind: 'user' }, limitUsd: '0.30' },
          ],
          rates: [
            {
              name: 'pace',
              on: { kind: 'user' },
              counts: 'requests',
              limiter: { algorithm: 'fixed-window', limit: 3, windowMs: 60_000 },
            },
          ],
        },
      } as never,
    });
    expect(await reserve('1.00')).toMatchObject({ funding: { source: 'service' } });
    expect(await reserve('0.30')).toMatchObject({ funding: { source: 'own_key' } });
    expect(await reserve('0.10')).toMatchObject({
      reason: 'budget_exhausted',
      budget: { budget: 'own-key' },
    });
    await bursar.limits.set({ user: 'alice', limitUsd: '5.00' });
    expect(await reserve('0.10')).toMatchObject({ funding: { source: 'service' } });
    expect(await reserve('0.10')).toMatchObject({ reason: 'rate_limited', ownKey: null });
  });
});
