/** Every test of the workspace, one project for each package, so that a run shows which part it is about. */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const project = (name: string, root: string) => ({
  test: {
    name,
    root,
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Only the first embedded database of all runs is made from scratch.
    env: { BURSAR_CACHE_DIR: join(import.meta.dirname, 'node_modules/.cache/bursar') },
  },
});

export default defineConfig({
  test: {
    projects: [
      project('core', 'packages/core'),
      project('lua-scripts', 'packages/lua-scripts'),
      project('api', 'packages/api'),
      project('testkit', 'packages/testkit'),
      project('server', 'packages/server'),
      project('client', 'packages/client'),
      project('local-provider', 'apps/local-provider'),
      project('demo', 'apps/demo'),
      project('benchmarks', 'benchmarks'),
    ],
  },
});
