/**
 * The conformance suite of the authority port: what the tier that gives leases must do, driver by driver.
 *
 * New semantics go in here first. After every test the accounts' `leased` is reckoned by hand from their
 * leases, and the driver's own audit must have no findings.
 */
import { describe } from 'vitest';
import { exerciseAuthorityModel } from './authority-model.ts';
import { authorityBench, type AuthorityUnderTest } from './authority-under-test.ts';
import { exerciseCorrections } from './corrections.ts';
import { exerciseEnded } from './ended.ts';
import { exerciseHolders } from './holders.ts';
import { exerciseJournals } from './journals.ts';
import { exerciseLeases } from './leases.ts';
import { exerciseProcesses } from './processes.ts';
import { exerciseReports } from './reports.ts';
import { exerciseSuspects } from './suspects.ts';

/** Runs the whole suite on a driver. */
export function exerciseAuthority(under: AuthorityUnderTest): void {
  describe(`authority conformance: ${under.name}`, () => {
    const shared = authorityBench(under);
    exerciseLeases(shared);
    exerciseReports(shared);
    exerciseCorrections(shared);
    exerciseEnded(shared);
    exerciseHolders(shared);
    exerciseJournals(shared);
    exerciseSuspects(shared);
    exerciseProcesses(shared);
    exerciseAuthorityModel(shared);
  });
}
