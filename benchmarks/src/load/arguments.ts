/** The command line of `pnpm load`, checked before anything starts. */
import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.ts';

/** What is to be run. */
export interface LoadArguments {
  /** Names of scenarios, in their own order. */
  readonly scenarios: readonly string[];
  readonly seconds: number | undefined;
  readonly users: number | undefined;
  readonly trace: string | undefined;
  readonly out: string | undefined;
  readonly seed: number;
  /** Multiplies every rate; for machines with other work, and tests. */
  readonly rateFactor: number;
  readonly isOverSocket: boolean;
  readonly json: boolean;
  /** Figures to keep: longer runs, plots and, with all scenarios, the page of the documentation. */
  readonly docs: boolean;
  readonly help: boolean;
}

const SECONDS_MAX = 3_600;
const USERS_MAX = 1_000_000;

/** How it is used. */
export const LOAD_USAGE = `pnpm load [scenario …] [options]

Scenarios (all of them without a name):
${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n')}

Options:
  --seconds N   length of each run
  --users N     how many users there are
  --trace FILE  calls of a recorded day (TIMESTAMP,ContextTokens,GeneratedTokens), at each scenario's rate
  --rate X      multiplies every rate, from 0.01 to 10
  --socket      our SDK calls over one WebSocket, and not in batches over HTTP
  --seed N      other random calls; the same number, the same calls
  --out DIR     where the plots go; default .bursar/load, with --docs docs/plots
  --docs        longer runs; with all scenarios it writes docs/under-load.md
  --json        one object a run, a line each`;

/** What `args` say, or what is wrong with them. */
export function parseLoadArguments(args: readonly string[]): LoadArguments | string {
  const parsed = read(args);
  if (typeof parsed === 'string') return parsed;
  const { values, positionals } = parsed;
  const unknown = positionals.filter((name) => !SCENARIOS.some((known) => known.name === name));
  if (unknown.length > 0) {
    const names = SCENARIOS.map(({ name }) => name).join(', ');
    return `There is no scenario ${unknown.join(', ')}. There are: ${names}.`;
  }
  const problems: string[] = [];
  const number = (
    name: 'seconds' | 'users' | 'rate' | 'seed',
    min: number,
    max: number,
    isWhole = true,
  ): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    const isGood = value >= min && value <= max && (!isWhole || Number.isInteger(value));
    if (!isGood)
      problems.push(
        `--${name} must be a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}, and is ${JSON.stringify(text)}.`,
      );
    return value;
  };
  const { trace, out, socket, json, docs, help } = values;
  const result: LoadArguments = {
    scenarios: SCENARIOS.map(({ name }) => name).filter(
      (name) => positionals.length === 0 || positionals.includes(name),
    ),
    seconds: number('seconds', 1, SECONDS_MAX, false),
    users: number('users', 1, USERS_MAX),
    rateFactor: number('rate', 0.01, 10, false) ?? 1,
    seed: number('seed', 0, 2 ** 31 - 1) ?? 1,
    trace,
    out,
    isOverSocket: socket ?? false,
    json: json ?? false,
    docs: docs ?? false,
    help: help ?? false,
  };
  return problems.length > 0 ? problems.join('\n') : result;
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        users: { type: 'string' },
        trace: { type: 'string' },
        rate: { type: 'string' },
        seed: { type: 'string' },
        out: { type: 'string' },
        socket: { type: 'boolean' },
        json: { type: 'boolean' },
        docs: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    return `${(error as Error).message}\n\n${LOAD_USAGE}`;
  }
}
