/** `bursar events`, on a real PostgreSQL: what is listed, what a person can do, and what nobody may see. */
import { type Amount, type HolderId, type InstantMs, type LeaseId } from '@bursar/core';
import {
  ManualClock,
  type PostgresServer,
  startPostgres,
  startRedis,
  TestPurse,
} from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OpenedDatabase } from '../../src/stores/postgres/open-database.ts';
import type { PostgresAuthority } from '../../src/stores/postgres/postgres-authority.ts';
import { Intake } from '../../src/sync/intake.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { openAuthorityForTest } from '../stores/open-authority-for-test.ts';
import { bursar, type CliRun } from '../support/test-terminal.ts';

const clock = new ManualClock();
let server: PostgresServer;
let authority: PostgresAuthority;
let database: OpenedDatabase;
let purse: TestPurse;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await startPostgres();
  const url = await server.createDatabase();
  environment = { DATABASE_URL: url, USER: 'olga' };
  ({ authority, database } = await openAuthorityForTest({ url }, { clock, defaultLimit: null }));
});
afterAll(async () => {
  await authority.close();
  await server.stop();
});
beforeEach(async () => {
  purse = new TestPurse(authority, clock);
  await sql`delete from set_aside_events`.execute(database.db);
});

const events = (...words: readonly string[]): Promise<CliRun> =>
  bursar(environment, 'events', ...words);

/** A call booked at $0.005, and an event that says $0.006. Returns the id of the event. */
async function contradiction(): Promise<string> {
  const { account, period } = purse.leg('alice');
  const reservation = purse.id();
  const intake = new Intake({
    authority,
    holder: 'redis:test' as HolderId,
    time: clock,
    log: SILENT_LOG,
  });
  for (const spent of [5_000_000, 6_000_000]) {
    const event = {
      position: '1-0',
      reservation,
      legs: [
        { account, lease: 'l1' as LeaseId, startAtMs: period.startAtMs, endAtMs: period.endAtMs },
      ],
      state: 'settled' as const,
      amount: 0 as Amount,
      spent: spent as Amount,
      deadlineAtMs: 0 as InstantMs,
      dispatched: true,
      atMs: clock.nowMs(),
      detail: null,
    };
    await intake.events([event], (commands) => authority.executeAll(commands));
  }
  return `redis:test conflict ${reservation} ${account} settled 6000000`;
}

async function setAside(id: string, event: string, message = 'm'): Promise<void> {
  const atMs = clock.nowMs();
  await authority.setAside([
    { id, holder: 'redis:test' as HolderId, reason: 'malformed', message, event, atMs },
  ]);
}

describe('bursar events list', () => {
  it('shows when, why, that it is open, its whole id, and what it says', async () => {
    const id = await contradiction();
    const { exitCode, out, err } = await events('list');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out.split('\t')).toEqual([
      new Date(clock.nowMs()).toISOString(),
      'conflict',
      'open',
      id,
      `settled at 0.006 USD on ${purse.leg('alice').account}`,
      'Another cost was booked for this call before; the first stays.\n',
    ]);
    expect((await events('list', '--reason', 'refused')).out).toBe('');
  });

  it('shows text that nobody can read in bounds, on one line, without secrets', async () => {
    await setAside(
      'one',
      `e \u001b[2J\n sk-canary1234567890 ${'x'.repeat(5_000)}`,
      'sk-canary12345',
    );
    await setAside('two', '{"apiKey":"canary-in-a-field"}');
    const { out } = await events('list');
    expect(out).toContain('[redacted]');
    expect(out).not.toContain('canary');
    expect(out).not.toContain('\u001b');
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.length).toBeLessThan(400);
  });

  it('leaves out what is handled, unless all are asked for: then who did what, when and why', async () => {
    await setAside('one', 'garbage');
    const { exitCode } = await events('dismiss', 'one', '--reason', 'half a line');
    expect(exitCode).toBe(0);
    expect((await events('list')).out).toBe('');
    expect((await events('list', '--all')).out).toMatch(/\tdismissed 2.*Z by olga: half a line\t/);
  });
});

describe('bursar events replay', () => {
  it('says both costs of a conflict and what can be done, with exit code 1; accepting it is for a person', async () => {
    const id = await contradiction();
    const replayed = await events('replay', id);
    expect(replayed).toMatchObject({ exitCode: 1, err: '' });
    expect(replayed.out).toContain('0.005 USD was booked first and stays; it says 0.006 USD');
    expect(replayed.out).toContain('--accept');
    expect(await purse.sums('alice')).toMatchObject({ settled: 5_000_000 });

    const accepted = await events('replay', id, '--accept', '--by', 'peer');
    expect(accepted).toMatchObject({ exitCode: 0, err: '' });
    expect(accepted.out).toContain('0.001 USD booked as an adjustment');
    expect(accepted.out).toContain('1 in the ledger, 0 not');
    expect(await purse.sums('alice')).toMatchObject({ settled: 6_000_000 });

    expect(await events('replay', id, '--accept')).toMatchObject({ exitCode: 0 });
    expect(await purse.sums('alice')).toMatchObject({ settled: 6_000_000 });
    expect((await events('list', '--all')).out).toMatch(/\taccepted .* by peer\t/);
    expect((await bursar(environment, 'audit')).exitCode).toBe(0);
  });

  it('of all takes every open event of the reason, and fails when one of them still does not go', async () => {
    await contradiction();
    await contradiction();
    await setAside('one', 'garbage');
    const conflicts = await events('replay', '--all', '--reason', 'conflict', '--accept');
    expect(conflicts).toMatchObject({ exitCode: 0 });
    expect(conflicts.out).toContain('2 in the ledger, 0 not');
    const rest = await events('replay', '--all', '--accept');
    expect(rest).toMatchObject({ exitCode: 1 });
    expect(rest.out).toContain('unreadable\tone\tcan only be dismissed');
    expect(rest.out).toContain('0 in the ledger, 1 not');
    await events('dismiss', 'one', '--reason', 'half a line');
    expect(await events('replay', '--all')).toMatchObject({
      exitCode: 0,
      out: '0 in the ledger, 0 not\n',
    });
  });

  it('of what was dismissed does nothing and says who did it', async () => {
    const id = await contradiction();
    await events('dismiss', id, '--reason', 'the provider was wrong');
    const { exitCode, out } = await events('replay', id, '--accept');
    expect(exitCode).toBe(1);
    expect(out).toContain('by olga: the provider was wrong');
    expect(await purse.sums('alice')).toMatchObject({ settled: 5_000_000 });
  });
});

describe('bursar events dismiss', () => {
  it('of what is in the ledger is too late, and says so', async () => {
    const id = await contradiction();
    await events('replay', id, '--accept');
    const { exitCode, out } = await events('dismiss', id, '--reason', 'x');
    expect(exitCode).toBe(1);
    expect(out).toContain('accepted');
  });
});

it('bursar events works on PostgreSQL alone, also while Redis must not be used', async () => {
  const evicting = await startRedis({ maxmemoryPolicy: 'allkeys-lru' });
  try {
    const id = await contradiction();
    const both = { ...environment, REDIS_URL: evicting.url };
    expect((await bursar(both, 'events', 'list')).out).toContain(id);
    expect(await bursar(both, 'events', 'replay', id, '--accept')).toMatchObject({ exitCode: 0 });
    expect(await purse.sums('alice')).toMatchObject({ settled: 6_000_000 });
  } finally {
    await evicting.stop();
  }
});

describe('what cannot be meant', () => {
  it.each([
    [['replay'], 2, 'Give an ID or --all.'],
    [['replay', 'x', '--all'], 2, 'Give an ID or --all.'],
    [['replay', 'x', '--reason', 'conflict'], 2, '--reason goes with --all.'],
    [['replay', '--all', '--reason', 'other'], 2, 'is not one of malformed, refused, conflict'],
    [['dismiss', 'x'], 2, '--reason is missing.'],
    [['dismiss', '--reason', 'x'], 2, 'ID is missing.'],
    [['replay', 'nothing'], 1, 'There is no event with the id "nothing"'],
    [['dismiss', 'nothing', '--reason', 'x'], 1, 'There is no event with the id "nothing"'],
    [['dismiss', 'x', '--reason', ' '], 1, 'reason must be'],
    [['dismiss', 'x', '--reason', 'x', '--by', ''], 1, 'by must be'],
  ])('events %j ends with %i and the reason', async (words, code, reason) => {
    const { exitCode, err } = await events(...words);
    expect(exitCode).toBe(code);
    expect(err).toContain(reason);
    expect(err).not.toMatch(/\n +at /);
  });

  it('is a decision by nobody', async () => {
    const { DATABASE_URL = '' } = environment;
    const { exitCode, err } = await bursar({ DATABASE_URL }, 'events', 'replay', '--all');
    expect(exitCode).toBe(2);
    expect(err).toContain('--by is missing.');
  });
});
