/** The leased tier passes the suite of every tier, here with copies and authority in memory. */
import { type HolderId, MemoryCopies } from '@bursar/core';
import { exerciseTier, MemoryAuthority } from '@bursar/testkit';
import { systemClock } from '../../src/clock/system-clock.ts';
import { openHybrid } from '../../src/open-hybrid.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';

exerciseTier({
  name: 'leases in memory on an authority in memory',
  sequences: 'rising',
  open: async ({ clock, defaultLimit }) => {
    const hybrid = await openHybrid({
      authority: new MemoryAuthority({ clock, defaultLimit }),
      copies: new MemoryCopies({ clock, lineage: 'test' }),
      checkCopies: async () => [],
      holder: 'test' as HolderId,
      shardOf: () => 0,
      time: { nowMs: () => clock.nowMs(), after: systemClock.after },
      log: SILENT_LOG,
    });
    const { tier } = hybrid;
    const closeTier = tier.close.bind(tier);
    tier.close = async () => {
      tier.close = closeTier;
      await hybrid.close();
    };
    return tier;
  },
});
