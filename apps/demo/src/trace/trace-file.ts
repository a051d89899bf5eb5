/**
 * Reading a trace line by line: any length in constant memory, and an error that names file, line and
 * column. Lines may end in LF or CRLF; the last may end in neither; a byte order mark is ignored.
 */
import { createReadStream } from 'node:fs';
import { parseTraceRow, TRACE_HEADER, TraceProblem, type TraceRow } from './trace-row.ts';

/** Most calls in a trace. */
export const TRACE_ROWS_MAX = 1_000_000;
/** Longest line, in characters; a file without line ends must not end up in memory. */
const LINE_LENGTH_MAX = 1_000;

/** A trace that cannot be replayed. The message names the place. */
export class TraceFileError extends Error {
  override readonly name = 'TraceFileError';
}

/** The rows of the trace in `file`, in its order. Throws a `TraceFileError` at the first thing wrong. */
export async function* readTrace(file: string): AsyncGenerator<TraceRow, void> {
  let number = 0;
  for await (const line of readLines(file)) {
    number += 1;
    if (number === 1) {
      if (line.replace(/^\uFEFF/, '') === TRACE_HEADER) continue;
      throw problemAt(file, 1, new TraceProblem(`must be the header ${TRACE_HEADER}`));
    }
    if (number > TRACE_ROWS_MAX + 1) {
      throw problemAt(
        file,
        number,
        new TraceProblem(`is one more than the most, ${TRACE_ROWS_MAX}`),
      );
    }
    yield rowAt(file, number, line);
  }
  if (number === 0)
    throw new TraceFileError(`${file} is empty; a trace begins with ${TRACE_HEADER}`);
  if (number === 1) throw new TraceFileError(`${file} has a header and no calls`);
}

function rowAt(file: string, number: number, line: string): TraceRow {
  try {
    return parseTraceRow(line);
  } catch (error) {
    throw error instanceof TraceProblem ? problemAt(file, number, error) : error;
  }
}

/** The lines, without their ends. Nothing follows the last line end. */
async function* readLines(file: string): AsyncGenerator<string, void> {
  let rest = '';
  let number = 0;
  for await (const chunk of chunksOf(file)) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      number += 1;
      yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    if (rest.length > LINE_LENGTH_MAX) {
      const problem = new TraceProblem(`is longer than ${LINE_LENGTH_MAX} characters`);
      throw problemAt(file, number + 1, problem);
    }
  }
  if (rest !== '') yield rest;
}

async function* chunksOf(file: string): AsyncGenerator<string, void> {
  try {
    for await (const chunk of createReadStream(file, 'utf8')) yield chunk as string;
  } catch (error) {
    throw new TraceFileError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function problemAt(file: string, line: number, { column, message }: TraceProblem): TraceFileError {
  const place = column === undefined ? '' : `, column ${column},`;
  return new TraceFileError(`${file}, line ${line}${place} ${message}`);
}
