/** Extending: heartbeats, and more money for a call that outgrows its reservation. */
import { describe, expect, it } from 'vitest';
import { refusalOf } from '../support/refusal.ts';
import { idOf, openTestService } from '../support/test-service.ts';

const CALL = { user: 'alice', model: 'test-model' };
const reservation = idOf(1);

describe('a heartbeat', () => {
  it('shortens the life to a minute when it says that the call is on its way, and prolongs it after', async () => {
    const { as, time } = openTestService();
    const bursar = as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.10' });
    expect(await bursar.meter.extend({ reservation, dispatched: true })).toMatchObject({
      decision: 'allowed',
      deadlineAt: '2026-11-15T12:01:00.000Z',
      heldUsd: '0.10',
    });
    await time.advance(30_000);
    expect(await bursar.meter.extend({ reservation })).toMatchObject({
      deadlineAt: '2026-11-15T12:01:30.000Z',
    });
  });

  it('of a call that is not on its way yet never shortens its life', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.10' });
    expect(await bursar.meter.extend({ reservation })).toMatchObject({
      deadlineAt: '2026-11-15T12:10:00.000Z',
    });
  });

  it('of a reservation that nobody made is refused', async () => {
    const bursar = openTestService().as();
    expect(await refusalOf(bursar.meter.extend({ reservation }))).toMatchObject({
      code: 'reservation_not_found',
      field: 'reservation',
    });
  });
});

describe('more money', () => {
  it('is a total at the pinned price, so that repeating the message changes nothing', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.10' });
    const estimate = { inputTokens: 100_000, outputTokensMax: 50_000 };
    for (const replayed of [false, true]) {
      expect(await bursar.meter.extend({ reservation, estimate })).toMatchObject({
        decision: 'allowed',
        heldUsd: '0.20',
        replayed,
        budgets: [{ reservedUsd: '0.20' }],
      });
    }
  });

  it('that the budget does not have is denied, leaves what is held, and names the output that fits', async () => {
    const bursar = openTestService({ defaultLimitUsd: '0.50' }).as();
    await bursar.meter.reserve({ reservation, ...CALL, amountUsd: '0.20' });
    const denied = await bursar.meter.extend({
      reservation,
      estimate: { inputTokens: 100_000, outputTokensMax: 300_000 },
    });
    expect(denied).toMatchObject({
      decision: 'denied',
      neededUsd: '0.70',
      missingUsd: '0.20',
      outputTokensThatFit: 200_000,
      budget: { reservedUsd: '0.20', availableUsd: '0.30' },
    });
    expect((denied as { message: string }).message).toContain(
      'of which $0.20 is set aside already',
    );
    const fits = { inputTokens: 100_000, outputTokensMax: 200_000 };
    expect(await bursar.meter.extend({ reservation, estimate: fits })).toMatchObject({
      decision: 'allowed',
      heldUsd: '0.50',
    });
  });

  it('in tokens is refused, naming the field, for a call that was reserved without a price', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({
      reservation,
      user: 'alice',
      model: 'nobody-knows',
      amountUsd: '0.1',
    });
    const call = bursar.meter.extend({ reservation, estimate: { inputTokens: 1 } });
    expect(await refusalOf(call)).toMatchObject({ code: 'price_unknown', field: 'estimate' });
  });
});
