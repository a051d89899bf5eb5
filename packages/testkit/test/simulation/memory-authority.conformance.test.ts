import { exerciseAuthority } from '../../src/conformance/authority.ts';
import { MemoryAuthority } from '../../src/simulation/memory-authority.ts';

exerciseAuthority({
  name: 'in memory',
  open: async (options) => new MemoryAuthority(options),
});
