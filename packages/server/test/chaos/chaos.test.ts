/** A short campaign on real processes; `pnpm chaos` runs long ones. */
import { expect, it } from 'vitest';
import { Campaign } from './campaign.ts';
import { FAULTS } from './faults.ts';

it(`overspends, loses and books twice nothing, and leaves nothing open, under each of ${FAULTS.length} kinds of fault`, async () => {
  const { faults, calls, recoveryMs, ...found } = await Campaign.run({
    faults: FAULTS.length,
    seed: 20_261_125,
  });
  expect(found).toEqual({
    overspentNanoUsd: 0,
    lostNanoUsd: 0,
    duplicatedNanoUsd: 0,
    stuckReservations: 0,
    findings: [],
  });
  expect(Object.keys(recoveryMs).length).toBe(FAULTS.length);
  expect(calls).toBeGreaterThan(10 * faults);
}, 600_000);
