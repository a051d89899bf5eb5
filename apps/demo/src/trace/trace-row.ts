/**
 * One line of a trace, checked: `TIMESTAMP,ContextTokens,GeneratedTokens`, the form of the Azure LLM
 * inference traces (https://github.com/Azure/AzurePublicDataset).
 */

/** A recorded call. */
export interface TraceRow {
  /** Milliseconds since 1970; the trace's instants are taken as UTC. */
  readonly arrivedAtMs: number;
  /** Tokens of the prompt, from 1. */
  readonly contextTokens: number;
  /** Tokens of the answer, from 1. */
  readonly generatedTokens: number;
}

/** The first line. */
export const TRACE_HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens';

/** Most tokens in one cell: no model reads or writes more, and the provider would refuse them. */
export const TRACE_TOKENS_MAX = 1_000_000;

const INSTANT =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z?$/;

/** What is wrong with a line, and in which column if in one. */
export class TraceProblem extends Error {
  override readonly name = 'TraceProblem';
  readonly column: string | undefined;

  constructor(message: string, column?: string) {
    super(message);
    this.column = column;
  }
}

/** The row in `line`. Throws a `TraceProblem`. */
export function parseTraceRow(line: string): TraceRow {
  const cells = line.split(',');
  if (cells.length !== 3) {
    throw new TraceProblem(`has ${cells.length} columns instead of 3 (${TRACE_HEADER})`);
  }
  const [timestamp = '', context = '', generated = ''] = cells;
  return {
    arrivedAtMs: instantMs(timestamp),
    contextTokens: tokens('ContextTokens', context),
    generatedTokens: tokens('GeneratedTokens', generated),
  };
}

function instantMs(cell: string): number {
  const [, date, time, fraction = ''] = INSTANT.exec(cell) ?? [];
  const seconds = Date.parse(`${date}T${time}Z`);
  // Date.parse takes a 30 February for a 1 March.
  const isReal =
    !Number.isNaN(seconds) && new Date(seconds).toISOString().startsWith(`${date}T${time}`);
  if (!isReal) throw wrong('TIMESTAMP', cell, 'an instant like 2023-11-16 18:15:46.6805900');
  return seconds + Number(`0.${fraction || '0'}`) * 1_000;
}

function tokens(column: string, cell: string): number {
  const count = /^[0-9]{1,9}$/.test(cell) ? Number(cell) : Number.NaN;
  if (count >= 1 && count <= TRACE_TOKENS_MAX) return count;
  throw wrong(column, cell, `a whole number from 1 to ${TRACE_TOKENS_MAX}`);
}

function wrong(column: string, cell: string, expected: string): TraceProblem {
  return new TraceProblem(
    `must be ${expected} and is ${JSON.stringify(cell.slice(0, 40))}`,
    column,
  );
}
