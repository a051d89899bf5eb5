/**
 * The conformance suite of the tier port: what every place where accounts live must do, driver by driver.
 *
 * New semantics go in here first. One file for each operation or guarantee; after every test the auditor
 * recomputes all balances.
 */
import { describe } from 'vitest';
import { exerciseCarry } from './carry.ts';
import { exerciseConcurrency } from './concurrency.ts';
import { exerciseExpire } from './expire.ts';
import { exerciseExtend } from './extend.ts';
import { exerciseIdempotency } from './idempotency.ts';
import { exerciseIngest } from './ingest.ts';
import { exerciseLedger } from './ledger.ts';
import { exerciseLimits } from './limits.ts';
import { exerciseModel } from './model.ts';
import { exercisePeriods } from './periods.ts';
import { exerciseRates } from './rates.ts';
import { exerciseRelease } from './release.ts';
import { exerciseReserve } from './reserve.ts';
import { exerciseSeveralBudgets } from './several-budgets.ts';
import { exerciseSettle } from './settle.ts';
import { exerciseTerms } from './terms.ts';
import { bench, type TierUnderTest } from './tier-under-test.ts';

/** Runs the whole suite on a driver. */
export function exerciseTier(under: TierUnderTest): void {
  describe(`tier conformance: ${under.name}`, () => {
    const shared = bench(under);
    exerciseReserve(shared);
    exerciseExtend(shared);
    exerciseSettle(shared);
    exerciseRelease(shared);
    exerciseExpire(shared);
    exerciseIdempotency(shared);
    exerciseConcurrency(shared);
    exerciseLimits(shared);
    exerciseTerms(shared);
    exercisePeriods(shared);
    exerciseCarry(shared);
    exerciseSeveralBudgets(shared);
    exerciseIngest(shared);
    exerciseRates(shared);
    exerciseLedger(shared);
    exerciseModel(shared);
  });
}
