/**
 * Commands of the command line: what each takes, how it is explained, and how its arguments are read.
 *
 * Help and parsing come from the same table, so that neither can know of an option that the other does not.
 */
import { parseArgs } from 'node:util';
import type { Terminal } from './terminal.ts';

/** One option of a command, always with a value. */
interface OptionSpec {
  /** What the value is, for the help: `NAME`. Absent: a switch without a value. */
  readonly value?: string;
  readonly help: string;
  readonly required?: boolean;
  readonly default?: string;
}

/** Arguments as given: options by name, switches as `"true"`, and what stands alone by its place. */
export type CliArguments = Readonly<Record<string, string | undefined>>;

/** One command. */
export interface CliCommand {
  /** `token create`. */
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** An argument that stands alone, e.g. the id to revoke; required unless it is marked. */
  readonly operand?: {
    readonly name: string;
    readonly help: string;
    readonly isOptional?: boolean;
  };
  /** Runs, and returns the exit code. Throws `BursarError`, `ConfigInvalid` or `UsageError`. */
  run(given: CliArguments, terminal: Terminal): Promise<number>;
}

/** The command line cannot be understood; answered with the help and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The arguments of `command` in `words`. Throws `UsageError`. */
export function argumentsOf(command: CliCommand, words: readonly string[]): CliArguments {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, spec]) => [
      name,
      { type: spec.value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { values, positionals } = parse(words, options);
  const given: Record<string, string | undefined> = {};
  for (const [name, spec] of Object.entries(command.options)) {
    const value = values[name];
    given[name] = value === undefined ? spec.default : String(value);
    if (spec.required === true && given[name] === undefined) {
      throw new UsageError(`--${name} is missing.`);
    }
  }
  const [operand, ...others] = positionals;
  if (command.operand !== undefined) {
    if (operand === undefined && command.operand.isOptional !== true) {
      throw new UsageError(`${command.operand.name} is missing.`);
    }
    given[command.operand.name] = operand;
  }
  const surplus = command.operand === undefined ? operand : others[0];
  if (surplus !== undefined) throw new UsageError(`${JSON.stringify(surplus)} is not expected.`);
  return given;
}

/** How `command` is used. */
export function helpOf(command: CliCommand): string {
  const options = Object.entries(command.options);
  const required = options.filter(([, spec]) => spec.required === true);
  const usage = [
    `bursar ${command.name}`,
    ...operandIn(command),
    ...required.map(([name, spec]) => `--${name} ${spec.value ?? ''}`.trim()),
    ...(options.length > required.length ? ['[options]'] : []),
  ].join(' ');
  const rows = [
    ...(command.operand === undefined
      ? []
      : [[command.operand.name, command.operand.help] as const]),
    ...options.map(
      ([name, spec]) =>
        [
          `--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`,
          spec.help + (spec.default === undefined ? '' : ` (default: ${spec.default})`),
        ] as const,
    ),
  ];
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return [
    command.summary,
    '',
    `usage: ${usage}`,
    ...(rows.length === 0
      ? []
      : ['', ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)]),
    '',
  ].join('\n');
}

function operandIn({ operand }: CliCommand): readonly string[] {
  if (operand === undefined) return [];
  return [operand.isOptional === true ? `[${operand.name}]` : operand.name];
}

function parse(
  words: readonly string[],
  options: Readonly<Record<string, { type: 'boolean' | 'string' }>>,
): {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
} {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    // parseArgs explains at length how to pass such a thing as an operand, which nobody wants here.
    throw new UsageError(`${(error as Error).message.split(/\. |\n/)[0]}.`);
  }
}
