/**
 * `pnpm simulate --seeds N --from S`: N histories from seed S on. Ends with a code other than 0, and the
 * seed, at the first history that breaks a promise. The same seed is the same history.
 */
import { parseArgs } from 'node:util';
import { World } from './sim-world.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '100' }, from: { type: 'string', default: '1' } },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
const reached: Record<string, number> = {};
let calls = 0;
let excused = 0;
let broken = 0;
for (let seed = from; seed < from + seeds; seed += 1) {
  const report = await new World({ seed }).run();
  calls += report.calls;
  excused += report.excused;
  for (const [name, count] of Object.entries(report.reached)) {
    reached[name] = (reached[name] ?? 0) + count;
  }
  if (report.violations.length > 0) {
    broken += 1;
    console.error(`Seed ${seed}: ${report.violations.slice(0, 3).join('; ')}`);
  }
  if ((seed - from + 1) % 100 === 0) console.log(`${seed - from + 1} of ${seeds} histories`);
}
console.log(JSON.stringify({ seeds, calls, excused, broken, reached }));
process.exitCode = broken === 0 ? 0 : 1;
