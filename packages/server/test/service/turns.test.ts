/** What is asked again while it is still under way is not decided beside the first attempt. */
import {
  type Command,
  MemoryTier,
  type OutcomeOf,
  parseUsd,
  reservationId,
  type TenantId,
} from '@bursar/core';
import { expect, it } from 'vitest';
import { Turns } from '../../src/service/turns.ts';
import { ManualTime } from '../support/manual-time.ts';
import { idOf, openTestService } from '../support/test-service.ts';

const CALL = { user: 'alice', model: 'nobody-knows' };

/** A tier on which the first command hangs on its way until `arrive` is called. */
class SlowRoad extends MemoryTier {
  readonly #arrived = Promise.withResolvers<void>();
  #isFirst = true;
  arrive = (): void => this.#arrived.resolve();

  override async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    if (this.#isFirst) {
      this.#isFirst = false;
      await this.#arrived.promise;
    }
    return await super.execute(command);
  }
}

function onSlowRoad() {
  const time = new ManualTime();
  const tier = new SlowRoad({ clock: time, defaultLimit: parseUsd('1.00') });
  return { tier, bursar: openTestService({ tier, time }).as() };
}

it('a repeat waits for the first attempt, so that nothing is set aside for a call that was refused', async () => {
  const { tier, bursar } = onSlowRoad();
  const call = { reservation: idOf(1), ...CALL, amountUsd: '0.50' };
  const first = bursar.meter.reserve(call);
  const other = { reservation: idOf(2), ...CALL, amountUsd: '0.60' };
  expect(await bursar.meter.reserve(other)).toMatchObject({ decision: 'allowed' });

  // Decided now it would be refused; and then there is room for the first attempt.
  const repeat = bursar.meter.reserve(call);
  await bursar.meter.release({ reservation: idOf(2) });
  tier.arrive();

  expect(await first).toMatchObject({ decision: 'allowed', replayed: false });
  expect(await repeat).toMatchObject({ decision: 'allowed', replayed: true });
});

it('a release waits for the reservation that it is about', async () => {
  const { tier, bursar } = onSlowRoad();
  const reserving = bursar.meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.50' });
  const releasing = bursar.meter.release({ reservation: idOf(1) });
  tier.arrive();

  expect(await reserving).toMatchObject({ decision: 'allowed' });
  expect(await releasing).toMatchObject({ outcome: 'released', replayed: false });
  expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ reservedUsd: '0.00' });
});

it('turns are taken in order, also after one that failed, and nothing is remembered of what is over', async () => {
  const turns = new Turns();
  const id = reservationId('acme' as TenantId, idOf(1));
  const done: number[] = [];
  const take = (number: number): Promise<void> =>
    turns.take(id, async () => {
      await Promise.resolve();
      done.push(number);
      if (number === 1) throw new Error('one');
    });

  const all = await Promise.allSettled([take(1), take(2), take(3)]);

  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(done).toEqual([1, 2, 3]);
  expect(turns.size).toBe(0);
});
