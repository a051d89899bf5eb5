/** Process leases pass the suite of every tier: on an authority in memory, on PostgreSQL, and on PGlite. */
import { type Authority, type Clock, processHolder, type Tier } from '@bursar/core';
import { exerciseTier, MemoryAuthority, type PostgresServer, startPostgres } from '@bursar/testkit';
import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { ProcessLeases } from '../../src/leasing/process-leases.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { openAuthorityForTest } from '../stores/open-authority-for-test.ts';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

async function leasesOn(authority: Authority, clock: Clock): Promise<Tier> {
  const leases = await ProcessLeases.open({
    authority,
    holder: processHolder('suite'),
    time: { nowMs: () => clock.nowMs(), after: systemClock.after },
    log: SILENT_LOG,
    isShared: false,
    idleMs: 600_000,
  });
  const { tier } = leases;
  const closeTier = tier.close.bind(tier);
  tier.close = async () => {
    tier.close = closeTier;
    await leases.close();
    await authority.close();
  };
  return tier;
}

exerciseTier({
  name: 'process leases on an authority in memory',
  sequences: 'rising',
  open: ({ clock, defaultLimit }) => leasesOn(new MemoryAuthority({ clock, defaultLimit }), clock),
});

exerciseTier({
  name: 'process leases on PostgreSQL',
  sequences: 'rising',
  open: async ({ clock, defaultLimit }) => {
    const url = await postgres.createDatabase();
    const { authority } = await openAuthorityForTest({ url }, { clock, defaultLimit });
    return leasesOn(authority, clock);
  },
});

exerciseTier({
  name: 'process leases on PGlite',
  sequences: 'rising',
  open: async ({ clock, defaultLimit }) => {
    const { authority } = await openAuthorityForTest(
      { directory: 'memory' },
      { clock, defaultLimit },
    );
    return leasesOn(authority, clock);
  },
});
