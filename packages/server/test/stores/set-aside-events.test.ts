/** Events that were set aside come home when they can, once, and a person decides about the rest. */
import {
  type Amount,
  type HolderId,
  type InstantMs,
  type JournalEvent,
  type Json,
  type LeaseId,
  type ReservationId,
} from '@bursar/core';
import { ManualClock, type PostgresServer, startPostgres, TestPurse } from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SetAsideEvent } from '../../src/set-aside/resolution.ts';
import type { OpenedDatabase } from '../../src/stores/postgres/open-database.ts';
import type { PostgresAuthority } from '../../src/stores/postgres/postgres-authority.ts';
import { SetAsideEvents } from '../../src/stores/postgres/set-aside-events.ts';
import { Intake } from '../../src/sync/intake.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { findingsIn, openAuthorityForTest } from './open-authority-for-test.ts';
import { IN_MEMORY } from './open-tier-for-test.ts';

const HOLDER = 'redis:test' as HolderId;
const clock = new ManualClock();
let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

describe.each([
  ['embedded PGlite', async () => IN_MEMORY],
  ['a real PostgreSQL server', async () => ({ url: await server.createDatabase() })],
] as const)('on %s', (_name, location) => {
  let authority: PostgresAuthority;
  let database: OpenedDatabase;
  let purse: TestPurse;
  /** Two processes that replay. */
  let setAside: SetAsideEvents;
  let elsewhere: SetAsideEvents;

  beforeAll(async () => {
    ({ authority, database } = await openAuthorityForTest(await location(), {
      clock,
      defaultLimit: null,
    }));
    setAside = new SetAsideEvents({ db: database.db, clock, defaultLimit: null });
    elsewhere = new SetAsideEvents({ db: database.db, clock, defaultLimit: null });
  });
  afterAll(() => authority.close());
  beforeEach(async () => {
    purse = new TestPurse(authority, clock);
    await sql`delete from set_aside_events`.execute(database.db);
  });
  function settled(reservation: ReservationId, spent: number, detail: Json = null): JournalEvent {
    const { account, period } = purse.leg('alice');
    const { startAtMs, endAtMs } = period;
    return {
      position: '1-0',
      reservation,
      legs: [{ account, lease: 'l1' as LeaseId, startAtMs, endAtMs }],
      state: 'settled',
      amount: spent as Amount,
      spent: spent as Amount,
      deadlineAtMs: 0 as InstantMs,
      dispatched: true,
      atMs: clock.nowMs(),
      detail,
    };
  }

  /** The events as a journal brings them in, set aside where they cannot be booked. */
  async function bring(...page: Parameters<Intake['events']>[0]): Promise<void> {
    const intake = new Intake({ authority, holder: HOLDER, time: clock, log: SILENT_LOG });
    await intake.events(page, (commands) => authority.executeAll(commands));
  }

  async function events(filter: Parameters<SetAsideEvents['list']>[0] = {}) {
    const found: SetAsideEvent[] = [];
    for await (const event of setAside.list(filter)) found.push(event);
    return found;
  }

  /** The only event there is. */
  async function only(): Promise<SetAsideEvent> {
    const [event, ...more] = await events();
    if (event === undefined || more.length > 0) throw new Error('expected one event');
    return event;
  }

  /** While `work` runs the database refuses to book anything. */
  async function whileRefusing(work: () => Promise<void>): Promise<void> {
    await sql`
      create function refuse_all() returns trigger language plpgsql as $$
      begin raise exception 'no more room'; end $$`.execute(database.db);
    await sql`
      create trigger refuse_all before insert on ledger_entries
      for each row execute function refuse_all()`.execute(database.db);
    await work();
    await sql`drop trigger refuse_all on ledger_entries`.execute(database.db);
    await sql`drop function refuse_all`.execute(database.db);
  }

  async function alice(): Promise<number | undefined> {
    return (await purse.sums('alice')).settled;
  }

  async function adjustments(): Promise<readonly unknown[]> {
    const { account } = purse.leg('alice');
    const entries = await authority.entries({ account, limit: 100 });
    return entries.filter(({ kind }) => kind === 'adjust').map(({ amount }) => amount);
  }

  describe('an event that was refused', () => {
    it('is booked once the ledger takes it, on a lease of the holder that it came from, and its record says so', async () => {
      const id = purse.id();
      await whileRefusing(() => bring(settled(id, 5)));
      expect(await alice()).toBe(0);
      const event = await only();
      expect(event).toMatchObject({ reason: 'refused', holder: HOLDER, resolution: null });
      clock.advance(60_000);
      expect(await setAside.replay(event, 'olga')).toEqual({ result: 'booked' });
      expect(await alice()).toBe(5);
      expect(await authority.lease(purse.leg('alice').account, 'l1' as LeaseId)).toMatchObject({
        holder: HOLDER,
        settled: 5,
      });
      expect((await only()).resolution).toEqual({
        kind: 'replayed',
        atMs: clock.nowMs(),
        by: 'olga',
        note: null,
      });
    });

    it('and still is stays open, with the reason, and changes nothing', async () => {
      await whileRefusing(async () => {
        await bring(settled(purse.id(), 5));
        expect(await setAside.replay(await only(), 'olga')).toEqual({
          result: 'refused',
          why: 'no more room',
        });
      });
      await bring(settled(purse.id(), 1), settled(purse.id(), Number.MAX_SAFE_INTEGER));
      const [, tooMuch] = await events();
      expect(tooMuch && (await setAside.replay(tooMuch, 'olga'))).toEqual({
        result: 'refused',
        why: expect.stringContaining('amount_out_of_range'),
      });
      expect(await alice()).toBe(1);
      expect(await events({ isOpen: true })).toHaveLength(2);
    });

    it('is booked once by however many replay it at the same time, and however often', async () => {
      await whileRefusing(() => bring(settled(purse.id(), 5)));
      const event = await only();
      const replays = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? setAside : elsewhere).replay(event, `p${index}`),
        ),
      );
      const results = replays.map(({ result }) => result).toSorted();
      expect(results).toEqual(['booked', ...Array.from({ length: 7 }, () => 'resolved')]);
      expect(await setAside.replay(await only(), 'late')).toMatchObject({ result: 'resolved' });
      expect(await alice()).toBe(5);
    });

    it('is not booked without being marked: both happen, or neither', async () => {
      await whileRefusing(() => bring(settled(purse.id(), 5)));
      const event = await only();
      await sql`
        alter table set_aside_events add constraint stuck check (resolution is null)`.execute(
        database.db,
      );
      expect(await setAside.replay(event, 'olga')).toMatchObject({ result: 'refused' });
      expect(await alice()).toBe(0);
      await sql`alter table set_aside_events drop constraint stuck`.execute(database.db);
      expect(await setAside.replay(event, 'olga')).toEqual({ result: 'booked' });
      expect(await alice()).toBe(5);
    });

    it('is a conflict when another cost was booked meanwhile', async () => {
      const id = purse.id();
      await whileRefusing(() => bring(settled(id, 5)));
      await bring(settled(id, 4));
      expect(await setAside.replay(await only(), 'olga')).toEqual({
        result: 'conflict',
        booked: 4,
        reported: 5,
      });
      expect(await alice()).toBe(4);
    });

    it('with a text that no ledger can keep can be dismissed, and nothing else', async () => {
      await bring(settled(purse.id(), 5, { note: '\0' }));
      const event = await only();
      expect(await setAside.replay(event, 'olga')).toMatchObject({ result: 'refused' });
      expect(await setAside.accept(event, 'olga')).toMatchObject({ result: 'refused' });
      expect(await setAside.dismiss(event.id, 'olga', 'no model writes that')).toMatchObject({
        resolution: { kind: 'dismissed', by: 'olga', note: 'no model writes that' },
      });
      expect(await alice()).toBe(0);
    });
  });

  describe('an event that contradicts what is booked', () => {
    /** A call that was booked at `first`, and events that say `others`. */
    async function contradiction(first: number, ...others: readonly number[]) {
      const id = purse.id();
      await bring(settled(id, first));
      for (const other of others) await bring(settled(id, other));
      return events();
    }

    it('changes nothing by being replayed: both costs are named, and it stays open', async () => {
      const [event] = await contradiction(5, 6);
      expect(event && (await setAside.replay(event, 'olga'))).toEqual({
        result: 'conflict',
        booked: 5,
        reported: 6,
      });
      expect(await alice()).toBe(5);
      expect(await events({ isOpen: true })).toHaveLength(1);
    });

    it.each([
      [6, 1],
      [2, -3],
    ])('of 5 with %i is accepted by an adjustment of %i that names it', async (other, change) => {
      const [event] = await contradiction(5, other);
      if (event === undefined) throw new Error('no event');
      expect(await setAside.accept(event, 'olga')).toEqual({
        result: 'accepted',
        difference: change,
      });
      expect(await alice()).toBe(other);
      const { account } = purse.leg('alice');
      const [entry] = await authority.entries({ account, limit: 1 });
      expect(entry).toMatchObject({
        kind: 'adjust',
        key: event.id,
        amount: change,
        detail: { by: 'olga', setAsideEvent: event.id },
      });
      expect(await only()).toMatchObject({ resolution: { kind: 'accepted', by: 'olga' } });
    });

    it('is accepted once by however many do at the same time, and however often', async () => {
      const [event] = await contradiction(5, 6);
      if (event === undefined) throw new Error('no event');
      await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? setAside : elsewhere).accept(event, `p${index}`),
        ),
      );
      await setAside.accept(event, 'late');
      expect(await adjustments()).toEqual([1]);
      // Also by somebody who has lost the record of it: the entry itself is the memory.
      await sql`
        update set_aside_events set resolution = null, replayed_at = null, resolved_by = null`.execute(
        database.db,
      );
      expect(await setAside.accept(event, 'again')).toMatchObject({ result: 'accepted' });
      expect(await adjustments()).toEqual([1]);
      expect(await alice()).toBe(6);
    });

    it('beside another one about the same call does not book the difference a second time', async () => {
      const contradicting = await contradiction(5, 6, 8);
      expect(contradicting).toHaveLength(2);
      await Promise.all(
        contradicting.map((event, index) =>
          (index === 0 ? setAside : elsewhere).accept(event, 'olga'),
        ),
      );
      // The ledger says what was accepted last, whichever that is.
      expect([6, 8]).toContain(await alice());
    });

    it('that says what an accepted one said has nothing more to book', async () => {
      const [event] = await contradiction(5, 6);
      if (event === undefined) throw new Error('no event');
      await authority.setAside([{ ...event, id: `${event.id} from another Redis` }]);
      const same = await events();
      for (const each of same) await setAside.accept(each, 'olga');
      expect(await adjustments()).toEqual([1]);
      expect(await events({ isOpen: true })).toEqual([]);
    });

    it('is decided about once: who dismisses and who accepts at the same time do not both win', async () => {
      const [event] = await contradiction(5, 6);
      if (event === undefined) throw new Error('no event');
      const [accepted, dismissed] = await Promise.all([
        setAside.accept(event, 'olga'),
        elsewhere.dismiss(event.id, 'peer', 'a mistake of the provider'),
      ]);
      const isAccepted = dismissed?.resolution?.kind === 'accepted';
      expect(accepted.result).toBe(isAccepted ? 'accepted' : 'resolved');
      expect(await alice()).toBe(isAccepted ? 6 : 5);
    });
  });

  describe('an event that does not read back', () => {
    it('can only be dismissed; what was decided first stays', async () => {
      await bring({ position: '1-1', malformed: 'garbage' });
      const event = await only();
      expect(await setAside.accept(event, 'olga')).toMatchObject({ result: 'unreadable' });
      await setAside.dismiss(event.id, 'olga', 'half a line');
      await setAside.dismiss(event.id, 'peer', 'something else');
      expect((await only()).resolution).toMatchObject({ by: 'olga', note: 'half a line' });
      expect(await setAside.replay(await only(), 'peer')).toMatchObject({ result: 'resolved' });
      expect(await events({ isOpen: true })).toEqual([]);
    });

    it('nor does one that somebody has changed in the table', async () => {
      await whileRefusing(() => bring(settled(purse.id(), 5)));
      await sql`update set_aside_events set event = replace(event, '"spent":5', '"spent":0.5')`.execute(
        database.db,
      );
      expect(await setAside.replay(await only(), 'olga')).toEqual({
        result: 'unreadable',
        why: expect.stringContaining('spent'),
      });
    });
  });

  it('a decision needs a name, and a dismissal a reason', async () => {
    await bring({ position: '1-1', malformed: 'garbage' });
    const event = await only();
    for (const name of ['', ' ', 'a\nb', 'n'.repeat(101)]) {
      await expect(setAside.replay(event, name)).rejects.toMatchObject({ field: 'by' });
      await expect(setAside.dismiss(event.id, name, 'why')).rejects.toMatchObject({ field: 'by' });
    }
    for (const why of ['', 'a\u0007', 'w'.repeat(501)]) {
      await expect(setAside.dismiss(event.id, 'olga', why)).rejects.toMatchObject({
        field: 'reason',
      });
    }
    expect(await setAside.dismiss('nothing', 'olga', 'why')).toBeUndefined();
    expect(await events({ isOpen: true })).toHaveLength(1);
  });

  it('all are listed, oldest first, over as many pages as it takes', async () => {
    for (let minute = 0; minute < 5; minute += 1) {
      clock.advance(60_000);
      await bring(
        ...Array.from({ length: 50 }, (_, index) => ({
          position: `1-${minute}`,
          malformed: `garbage ${index}`,
        })),
      );
    }
    const all = await events();
    expect(new Set(all.map(({ id }) => id)).size).toBe(250);
    expect(all.every(({ atMs }, index) => atMs >= (all[index - 1]?.atMs ?? 0))).toBe(true);
    expect(await events({ reason: 'conflict' })).toEqual([]);
    expect(await events({ isOpen: true, reason: 'malformed' })).toHaveLength(250);
  });

  it('whatever was decided about them, the ledger adds up', async () => {
    expect(await findingsIn(database)).toEqual([]);
  });
});
