import { MemoryTier } from '@bursar/core';
import { exerciseTier } from '@bursar/testkit';

exerciseTier({
  name: 'memory',
  open: async (options) => new MemoryTier(options),
});
