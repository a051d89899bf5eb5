import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTrace } from '../src/trace/trace-file.ts';
import type { TraceRow } from '../src/trace/trace-row.ts';
import { makeDirectory } from './support/run-demo.ts';

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens';
const ROW = '2023-11-16 18:15:46.6805900,374,44';

async function rowsIn(content: string): Promise<readonly TraceRow[]> {
  const file = join(makeDirectory(), 'trace.csv');
  writeFileSync(file, content);
  const rows: TraceRow[] = [];
  try {
    for await (const row of readTrace(file)) rows.push(row);
  } catch (error) {
    throw new Error((error as Error).message.replace(file, 'FILE'));
  }
  return rows;
}

describe('a trace', () => {
  const row = {
    arrivedAtMs: expect.closeTo(1_700_158_546_680.59, 2),
    contextTokens: 374,
    generatedTokens: 44,
  };

  test.each([
    ['LF', `${HEADER}\n${ROW}\n`],
    ['CRLF, and none at the end', `${HEADER}\r\n${ROW}`],
    ['a byte order mark', `\uFEFF${HEADER}\n${ROW}\n`],
    ['ISO instants', `${HEADER}\n${ROW.replace(' ', 'T').replace(',', 'Z,')}\n`],
  ])('is read with %s', async (_form, content) => {
    expect(await rowsIn(content)).toEqual([row]);
  });

  test('is read whatever pieces it arrives in', async () => {
    const rows = await rowsIn([HEADER, ...Array.from({ length: 5_000 }, () => ROW)].join('\r\n'));
    expect(rows).toHaveLength(5_000);
    expect(rows.at(-1)).toEqual(row);
  });
});

describe('a broken trace', () => {
  test.each([
    ['', 'FILE is empty; a trace begins with TIMESTAMP,ContextTokens,GeneratedTokens'],
    [HEADER, 'FILE has a header and no calls'],
    ['a,b,c\n1,2,3', `FILE, line 1 must be the header ${HEADER}`],
    [`${HEADER}\n${ROW},9`, `FILE, line 2 has 4 columns instead of 3 (${HEADER})`],
    [`${HEADER}\n${ROW}\n\n${ROW}`, `FILE, line 3 has 1 columns instead of 3 (${HEADER})`],
    [
      `${HEADER}\n2023-02-30 18:15:46,1,1`,
      'FILE, line 2, column TIMESTAMP, must be an instant like 2023-11-16 18:15:46.6805900 and is "2023-02-30 18:15:46"',
    ],
    [
      `${HEADER}\n${ROW}\n2023-11-16 18:15:46,-1,1`,
      'FILE, line 3, column ContextTokens, must be a whole number from 1 to 1000000 and is "-1"',
    ],
    [
      `${HEADER}\n2023-11-16 18:15:46,1,1e3`,
      'FILE, line 2, column GeneratedTokens, must be a whole number from 1 to 1000000 and is "1e3"',
    ],
    [
      `${HEADER}\n2023-11-16 18:15:46,1,0`,
      'FILE, line 2, column GeneratedTokens, must be a whole number from 1 to 1000000 and is "0"',
    ],
    [`${HEADER}\n${'9'.repeat(2_000)}`, 'FILE, line 2 is longer than 1000 characters'],
  ])('is refused, naming the place: %j', async (content, message) => {
    await expect(rowsIn(content)).rejects.toThrow(new Error(message));
  });

  test('a file that is not there is named', async () => {
    const rows = readTrace('/nowhere/trace.csv');
    await expect(rows.next()).rejects.toThrow(/^\/nowhere\/trace\.csv cannot be read: ENOENT/);
  });
});
