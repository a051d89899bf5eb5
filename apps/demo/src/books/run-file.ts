/**
 * What a run leaves behind for the case that it is killed: who its users were, and every settlement that
 * Bursar acknowledged to it. The file is removed once an audit found everything in order, so a file that is
 * there when a demo starts is that of a run that did not get so far.
 *
 * `acks-<run>.jsonl`: the first line is a `RunHeader`, each further line `["<reservation>","<cost in USD>"]`.
 * Each line is one `write`, made before the settlement is counted; what was written survives SIGKILL. A last
 * line without its end was not written completely, and does not count.
 */
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseUsd } from '../money/nano-usd.ts';

/** A run. */
export interface RunHeader {
  /** Eight hexadecimal digits. */
  readonly run: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Which database its books are in; see `databaseName`. */
  readonly database: string;
  /** Names of its users, as Bursar knows them. */
  readonly users: readonly string[];
  /** Names of each user's budgets; `credit` alone unless said. */
  readonly budgetNames?: readonly string[];
}

/** A run as its file tells it. */
export interface RunRecord extends RunHeader {
  readonly file: string;
  /** Nano-USD by reservation. */
  readonly acknowledged: ReadonlyMap<string, bigint>;
}

const FILE_NAME = /^acks-[0-9a-f]{8}\.jsonl$/;

/** The file of this run, and its content. */
export class RunFile implements RunRecord {
  readonly file: string;
  readonly run: string;
  readonly startedAtMs: number;
  readonly database: string;
  readonly users: readonly string[];
  readonly budgetNames: readonly string[];
  readonly acknowledged = new Map<string, bigint>();
  readonly #descriptor: number;

  constructor(directory: string, header: RunHeader) {
    this.run = header.run;
    this.startedAtMs = header.startedAtMs;
    this.database = header.database;
    this.users = header.users;
    this.budgetNames = header.budgetNames ?? ['credit'];
    this.file = join(directory, `acks-${header.run}.jsonl`);
    this.#descriptor = openSync(this.file, 'wx', 0o600);
    this.#write(header);
  }

  /** Notes that Bursar has acknowledged a settlement of `costUsd`, decimal USD. */
  acknowledge(reservation: string, costUsd: string): void {
    this.#write([reservation, costUsd]);
    this.acknowledged.set(reservation, parseUsd(costUsd));
  }

  /** Everything is in order: nothing needs to be remembered. */
  remove(): void {
    closeSync(this.#descriptor);
    rmSync(this.file, { force: true });
  }

  #write(content: unknown): void {
    writeSync(this.#descriptor, `${JSON.stringify(content)}\n`);
  }
}

/** The runs that left a file in `directory` and kept their books in `database`, oldest first. */
export function readLeftRuns(directory: string, database: string): readonly RunRecord[] {
  return readdirSync(directory)
    .filter((name) => FILE_NAME.test(name))
    .flatMap((name) => readRun(join(directory, name)) ?? [])
    .filter((run) => run.database === database)
    .toSorted((a, b) => a.startedAtMs - b.startedAtMs);
}

/** `undefined` for a run that was killed before it had written who it was, and so before it had done anything. */
function readRun(file: string): RunRecord | undefined {
  const [first, ...lines] = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  if (first === undefined) return undefined;
  const settlements = lines.map((line) => JSON.parse(line) as [string, string]);
  return {
    ...(JSON.parse(first) as RunHeader),
    file,
    acknowledged: new Map(settlements.map(([reservation, usd]) => [reservation, parseUsd(usd)])),
  };
}
