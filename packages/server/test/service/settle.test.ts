/** Settling and releasing: what is booked, and what the ledger says about it. */
import { describe, expect, it } from 'vitest';
import { refusalOf } from '../support/refusal.ts';
import { idOf, openTestService } from '../support/test-service.ts';

const CALL = { user: 'alice', model: 'test-model' };
const reservation = idOf(1);
const usage = { inputTokens: 100_000, outputTokens: 50_000 };

describe('a settlement', () => {
  it('books the usage at the pinned price and gives the rest back', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    expect(await bursar.meter.settle({ reservation, usage })).toMatchObject({
      outcome: 'settled',
      replayed: false,
      costUsd: '0.20',
      overageUsd: '0.00',
      late: false,
      budgets: [{ settledUsd: '0.20', reservedUsd: '0.00', availableUsd: '0.80' }],
    });
  });

  it('is booked once however often it is sent', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    await bursar.meter.settle({ reservation, usage });
    expect(await bursar.meter.settle({ reservation, usage })).toMatchObject({
      replayed: true,
      costUsd: '0.20',
      budgets: [{ settledUsd: '0.20' }],
    });
  });

  it('of a call that no store knows is booked, whatever the policies say by then', async () => {
    const bursar = openTestService().as();
    const settle = (number: number, call: object) =>
      bursar.meter.settle({
        reservation: idOf(number),
        costUsd: '0.25',
        call: { ...CALL, ...call } as never,
      });
    const onTeams = [{ name: 'pool', on: { kind: 'team' }, limitUsd: '5.00' }];
    const document = { version: 1, defaults: { budgets: onTeams } };
    await bursar.policies.put({ expectedVersion: 0, document });
    expect(await settle(1, { scopes: { team: 'growth' } })).toMatchObject({
      budgets: [{ scope: { kind: 'team', name: 'growth' }, budget: 'pool', settledUsd: '0.25' }],
    });
    // No budget applies; a kind of scope that is not declared any more; a key that has paid.
    const credit = { scope: { kind: 'user', name: 'alice' }, budget: 'credit' };
    expect(await settle(2, {})).toMatchObject({ budgets: [{ ...credit, settledUsd: '0.25' }] });
    expect(await settle(3, { scopes: { tribe: 'old' } })).toMatchObject({
      budgets: [{ ...credit, settledUsd: '0.50' }],
    });
    const ownKey = '019a0000-0000-7000-8000-000000000001';
    expect(await settle(4, { ownKey, scopes: { tribe: 'old' } })).toMatchObject({
      budgets: [{ budget: 'own-key', settledUsd: '0.25' }],
    });
  });

  it('that contradicts the first is refused, and the first stays', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    await bursar.meter.settle({ reservation, usage });
    const second = bursar.meter.settle({ reservation, costUsd: '0.01' });
    expect(await refusalOf(second)).toMatchObject({
      code: 'reservation_already_settled',
      field: 'reservation',
    });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ settledUsd: '0.20' });
  });

  it('above what was set aside is booked in full, and the excess is named', async () => {
    const bursar = openTestService({ defaultLimitUsd: '0.10' }).as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.10' });
    expect(await bursar.meter.settle({ reservation, costUsd: '0.25' })).toMatchObject({
      costUsd: '0.25',
      overageUsd: '0.15',
      budgets: [{ availableUsd: '-0.15' }],
    });
  });

  it('after the reservation was released is booked, and called late', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    await bursar.meter.release({ reservation });
    expect(await bursar.meter.settle({ reservation, usage })).toMatchObject({
      late: true,
      costUsd: '0.20',
    });
  });

  it('works on another server, or after a restart, with the terms kept in the store', async () => {
    const { tier, time, as } = openTestService();
    await as().meter.reserve({
      reservation,
      ...CALL,
      estimate: { inputTokens: 1, outputTokensMax: 1 },
    });
    const other = openTestService({ tier, time }).as();
    expect(await other.meter.settle({ reservation, usage })).toMatchObject({ costUsd: '0.20' });
  });

  it('of usage that the price does not cover books no less than was set aside, and the ledger says so', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    const audio = { inputTokens: 1_000, audioInputTokens: 1_000 };
    expect(await bursar.meter.settle({ reservation, usage: audio })).toMatchObject({
      costUsd: '0.50',
    });
    const { entries } = await bursar.usage.history({ user: 'alice' });
    expect(entries[0]).toMatchObject({
      kind: 'settle',
      detail: { unpriced: ['audioInputTokens'], usage: audio },
    });
  });

  it('of usage on a call without any price books no less than was set aside', async () => {
    const bursar = openTestService().as();
    const call = { reservation, user: 'alice', model: 'nobody-knows', amountUsd: '0.30' };
    await bursar.meter.reserve(call);
    expect(await bursar.meter.settle({ reservation, usage })).toMatchObject({ costUsd: '0.30' });
  });

  it('leaves who, what and how it is known in the ledger', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    await bursar.meter.settle({
      reservation,
      usage,
      basis: 'counted',
      model: 'test-model-2026-11-01',
    });
    const { entries } = await bursar.usage.history({ user: 'alice' });
    expect(entries).toEqual([
      {
        sequence: 2,
        kind: 'settle',
        reservation,
        amountUsd: '0.20',
        at: '2026-11-15T12:00:00.000Z',
        detail: {
          provider: 'unknown',
          model: 'test-model-2026-11-01',
          basis: 'counted',
          priceVersion: 'v1',
          usage,
        },
      },
    ]);
  });

  it('in parts keeps the reservation open until the final one', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    expect(await bursar.meter.settle({ reservation, costUsd: '0.10', final: false })).toMatchObject(
      { costUsd: '0.10', budgets: [{ settledUsd: '0.10', reservedUsd: '0.40' }] },
    );
    expect(await bursar.meter.settle({ reservation, costUsd: '0.30' })).toMatchObject({
      costUsd: '0.30',
      budgets: [{ settledUsd: '0.30', reservedUsd: '0.00' }],
    });
  });
});

describe('a release', () => {
  it('gives everything back, and repeating it changes nothing', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    for (const replayed of [false, true]) {
      expect(await bursar.meter.release({ reservation })).toMatchObject({
        outcome: 'released',
        replayed,
        budgets: [{ reservedUsd: '0.00', availableUsd: '1.00' }],
      });
    }
  });

  it('after a settlement is refused, and the settlement stays', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.50' });
    await bursar.meter.settle({ reservation, usage });
    expect(await refusalOf(bursar.meter.release({ reservation }))).toMatchObject({
      code: 'reservation_already_settled',
    });
  });
});
