/** While its store is there, the lenient tier passes the suite of every tier. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Amount, MemoryTier } from '@bursar/core';
import { exerciseTier } from '@bursar/testkit';
import { opossumBreaker } from '../../src/breaker/opossum-breaker.ts';
import { systemClock } from '../../src/clock/system-clock.ts';
import { LenientTier } from '../../src/lenient/lenient-tier.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';

exerciseTier({
  name: 'lenient before memory',
  open: async ({ clock, defaultLimit }) => {
    const behind = new MemoryTier({ clock, defaultLimit });
    return LenientTier.open({
      behind,
      reachLedger: async () => void (await behind.nowMs()),
      setAside: async () => {},
      allowance: 1 as Amount,
      openMax: 10,
      callsMax: 10,
      directory: await mkdtemp(join(tmpdir(), 'bursar-away-')),
      makeBreaker: opossumBreaker,
      time: { nowMs: () => clock.nowMs(), after: systemClock.after },
      log: SILENT_LOG,
    });
  },
});
