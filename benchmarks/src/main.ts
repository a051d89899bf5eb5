/**
 * `pnpm bench [name …] [--json] [--docs] [--quick] [--users N] [--only TEXT]`: runs benchmarks and prints what they found; without a name, all.
 *
 * `--json` prints one object a benchmark, a line each; `--docs` puts what it found in docs/measured.md; `--quick` shows that one runs, and proves nothing.
 * `--users` is for the benchmark `memory`, which takes 1,000 and 100,000 without it.
 * `--only` runs the candidates with that text in their name and judges nothing: for a profile (`node --cpu-prof`).
 * Of several, each runs in a process of its own, so that none is measured among what another has left in memory;
 * `--load` tells it how busy the machine was before all of them.
 * Exits with 1 when money was lost or invented, and with 2 for a name that there is not. A goal that is not
 * reached is told and fails nothing: the machine may be busy.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BENCHES } from './benches/index.ts';
import type { Bench } from './harness/bench.ts';
import { type Effort, QUICK_EFFORT, USUAL_EFFORT } from './harness/compare.ts';
import { type Machine, thisMachine } from './harness/machine.ts';
import { putOnPage } from './harness/page.ts';
import { resultAsJson, resultAsSection, resultAsText } from './harness/report.ts';
import { runBench } from './harness/run-bench.ts';

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    users: { type: 'string' },
    only: { type: 'string' },
    load: { type: 'string' },
  },
  allowPositionals: true,
});
const PAGE = fileURLToPath(new URL('../../docs/measured.md', import.meta.url));
const machine: Machine =
  values.load === undefined ? thisMachine() : { ...thisMachine(), load: loadIn(values.load) };
const note = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
};
const effort: Effort = {
  ...(values.quick ? QUICK_EFFORT : USUAL_EFFORT),
  users: values.users === undefined ? undefined : wholeNumber(values.users),
};
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  const names = BENCHES.map(({ name }) => name).join(', ');
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${names}.`);
  process.exitCode = 2;
} else {
  const chosen = BENCHES.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  const [only] = chosen;
  if (chosen.length === 1 && only !== undefined) await runHere(only);
  else {
    for (const [index, { name }] of chosen.entries()) {
      if (index > 0 && !values.json) console.log();
      await runAlone(name);
    }
  }
}

/** Runs `bench` in this process, and says what came out. */
async function runHere(bench: Bench): Promise<void> {
  const result = await runBench(bench, effort, { note, only: values.only, machine });
  console.log(values.json ? JSON.stringify(resultAsJson(result)) : resultAsText(result));
  // A figure that proves nothing is not for the page.
  if (values.docs && !values.quick && values.only === undefined) {
    await putOnPage(PAGE, resultAsSection(result), machine);
  }
  if ((result.verdict.moneyOffNanoUsd ?? 0) !== 0) process.exitCode = 1;
}

/** Runs the benchmark `name` in a process of its own, as this one was asked to. The others run even if it fails. */
async function runAlone(name: string): Promise<void> {
  const flags = (['json', 'docs', 'quick'] as const).filter((flag) => values[flag]);
  const options = (['users', 'only'] as const).flatMap((option) => {
    const value = values[option];
    return value === undefined ? [] : [`--${option}`, value];
  });
  const asked = [...flags.map((flag) => `--${flag}`), ...options, '--load', String(machine.load)];
  const child = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(import.meta.url), name, ...asked],
    { stdio: 'inherit' },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) process.exitCode = code ?? 1;
}

function loadIn(text: string): number {
  if (/^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text)) return Number(text);
  console.error('--load must be a load average, such as 0.4.');
  process.exit(2);
}

function wholeNumber(text: string): number {
  if (/^[1-9][0-9]{0,6}$/.test(text)) return Number(text);
  console.error('--users must be a whole number from 1 to 9999999.');
  process.exit(2);
}
