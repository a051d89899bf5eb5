/** How a driver presents itself to the conformance suite. */
import { type Amount, amount, type Clock, type Tier } from '@bursar/core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { Auditor } from '../audit/auditor.ts';
import { ManualClock, MID_NOVEMBER } from '../manual-clock.ts';
import { TestPurse } from '../test-purse.ts';

/** Every user's limit unless a test sets another: 1,000 nano-USD, small enough to reckon by hand. */
export const DEFAULT_LIMIT: Amount = amount(1_000);

/** A driver under test. */
export interface TierUnderTest {
  /** Shown in the titles. */
  readonly name: string;
  /**
   * How an account's sequence counts: by one with each change, or only upwards, because leases count on from
   * where the authority was and not every one of their changes comes home as one. Default `gapless`.
   */
  readonly sequences?: 'gapless' | 'rising';
  /** Opens a tier that reads time from `clock` and gives users `defaultLimit`. Called once per group. */
  open(options: { readonly clock: Clock; readonly defaultLimit: Amount | null }): Promise<Tier>;
}

/** What each test works with: a fresh tenant on the group's tier, and the group's clock. */
export interface Bench {
  readonly sequences: 'gapless' | 'rising';
  readonly purse: TestPurse;
  readonly clock: ManualClock;
  readonly tier: Tier;
}

/**
 * Sets up one tier for the tests of a group and, for each test, a fresh tenant and the middle of November;
 * after each test the auditor must have no findings.
 */
export function bench(under: TierUnderTest): Bench {
  const clock = new ManualClock();
  let tier: Tier;
  let auditor: Auditor;
  let purse: TestPurse;
  beforeAll(async () => {
    tier = await under.open({ clock, defaultLimit: DEFAULT_LIMIT });
  }, 120_000);
  afterAll(() => tier.close());
  beforeEach(() => {
    clock.set(MID_NOVEMBER);
    auditor = new Auditor(tier);
    purse = new TestPurse(auditor.watched(), clock);
  });
  afterEach(async () => {
    expect(await auditor.findings()).toEqual([]);
  });
  return {
    clock,
    sequences: under.sequences ?? 'gapless',
    get purse() {
      return purse;
    },
    get tier() {
      return tier;
    },
  };
}
