import { exerciseTier } from '@bursar/testkit';
import { openTierForTest } from './open-tier-for-test.ts';

exerciseTier({
  name: 'PostgreSQL tier on embedded PGlite',
  open: (options) => openTierForTest({ directory: 'memory' }, options),
});
