import { InvariantViolation } from '@bursar/core';
import fc from 'fast-check';
import { startPostgres } from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  booleans,
  instants,
  integers,
  jsons,
  texts,
} from '../../src/stores/postgres/array-params.ts';
import {
  type DatabaseLocation,
  type OpenedDatabase,
  openDatabase,
} from '../../src/stores/postgres/open-database.ts';
import { IN_MEMORY } from './open-tier-for-test.ts';

const YEAR_1_MS = Date.parse('0001-01-01T00:00:00.000Z');
const YEAR_9999_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** What a text of a database may hold: anything but NUL, which it refuses, and halves of characters, which UTF-8 has not. */
const text = fc
  .oneof(fc.string(), fc.string({ unit: 'grapheme' }))
  .map((value) => value.replaceAll('\0', '').toWellFormed());
const maybe = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null });
const columns = fc.array(
  fc.record({
    text: maybe(text),
    json: maybe(fc.jsonValue().map((value) => JSON.stringify(value).replaceAll('\\u0000', ''))),
    integer: maybe(fc.maxSafeInteger()),
    instant: maybe(fc.integer({ min: YEAR_1_MS, max: YEAR_9999_MS })),
    boolean: maybe(fc.boolean()),
  }),
);

const servers: readonly (readonly [string, () => Promise<DatabaseLocation>])[] = [
  ['PGlite', async () => IN_MEMORY],
  [
    'PostgreSQL',
    async () => {
      const server = await startPostgres();
      afterAll(() => server.stop());
      return { url: await server.createDatabase() };
    },
  ],
];

describe.each(servers)('arrays as parameters of %s', (_name, location) => {
  let database: OpenedDatabase;
  beforeAll(async () => {
    database = await openDatabase(await location());
  });
  afterAll(() => database.close());

  it('arrive as they were, whatever is in them, none and absent ones included', async () => {
    await fc.assert(
      fc.asyncProperty(columns, async (rows) => {
        const { rows: found } = await sql`
          select
            text, json::jsonb = text_of_json::jsonb as is_json, integer::text, boolean,
            trunc(extract(epoch from instant) * 1000)::text as instant
          from unnest(
            ${texts(rows.map((row) => row.text))}::text[],
            ${jsons(rows.map(({ json }) => json))}::jsonb[],
            ${texts(rows.map(({ json }) => json))}::text[],
            ${integers(rows.map(({ integer }) => integer))}::bigint[],
            ${instants(rows.map(({ instant }) => instant))}::timestamptz[],
            ${booleans(rows.map(({ boolean }) => boolean))}::boolean[]
          ) with ordinality as sent (text, json, text_of_json, integer, instant, boolean, place)
          order by place`.execute(database.db);
        expect(found).toEqual(
          rows.map((row) => ({
            text: row.text,
            is_json: row.json === null ? null : true,
            integer: row.integer === null ? null : String(row.integer),
            boolean: row.boolean,
            instant: row.instant === null ? null : String(row.instant),
          })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('are refused, not misread, when they are of another type', async () => {
    await expect(
      sql`select * from unnest(${texts(['12345678'])}::bigint[])`.execute(database.db),
    ).rejects.toMatchObject({ code: '42804' });
  });

  it.each([
    ['a NUL in a text', () => texts(['a\0b']), 'text', '22021'],
    ['what is no JSON', () => jsons(['{']), 'jsonb', '22P02'],
    ['a NUL in JSON', () => jsons(['"\\u0000"']), 'jsonb', '22P05'],
  ])(
    'have the database refuse %s, as it does of a parameter of its own',
    async (_what, values, type, code) => {
      await expect(
        sql`select * from unnest(${values()}::${sql.raw(type)}[])`.execute(database.db),
      ).rejects.toMatchObject({ code });
    },
  );
});

it.each([
  ['half a nano-dollar', () => integers([0.5])],
  ['more than a number holds exactly', () => integers([2 ** 53])],
  ['no instant', () => instants([Number.NaN])],
  ['an instant after the year 9999', () => instants([YEAR_9999_MS + 1])],
  ['an instant before the year 1', () => instants([YEAR_1_MS - 1])],
])('never become parameters: %s', (_what, make) => {
  expect(make).toThrow(InvariantViolation);
});
