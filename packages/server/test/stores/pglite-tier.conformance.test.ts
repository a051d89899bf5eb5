import { exerciseTier } from '@bursar/testkit';
import { IN_MEMORY, openTierForTest } from './open-tier-for-test.ts';

exerciseTier({
  name: 'PostgreSQL tier on embedded PGlite',
  open: (options) => openTierForTest(IN_MEMORY, options),
});
