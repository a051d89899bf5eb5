/** One suite for every store of own keys: in memory, in PGlite and in a real PostgreSQL. */
import { instant, type InstantMs, tenantId } from '@bursar/core';
import { type PostgresServer, startPostgres } from '@bursar/testkit';
import { v7 as uuidV7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryOwnKeyStore } from '../../src/own-keys/memory-own-key-store.ts';
import {
  CHANGES_MAX,
  type OwnKeyPlace,
  type OwnKeyRecord,
  type OwnKeyStore,
} from '../../src/own-keys/own-key-store.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import {
  type DatabaseLocation,
  openDatabase,
  type OpenedDatabase,
} from '../../src/stores/postgres/open-database.ts';
import { PostgresOwnKeyStore } from '../../src/stores/postgres/postgres-own-key-store.ts';
import { IN_MEMORY } from '../stores/open-tier-for-test.ts';
import { ALICE } from './ring-for-test.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

interface Opened {
  readonly store: OwnKeyStore;
  readonly close: () => Promise<void>;
}

async function onDatabase(location: DatabaseLocation): Promise<Opened> {
  const database: OpenedDatabase = await openDatabase(location);
  await migrate(database);
  return { store: new PostgresOwnKeyStore(database.db), close: () => database.close() };
}

const STORES: readonly (readonly [string, () => Promise<Opened>])[] = [
  ['memory', async () => ({ store: new MemoryOwnKeyStore(), close: async () => {} })],
  ['embedded PGlite', () => onDatabase(IN_MEMORY)],
  ['PostgreSQL', async () => onDatabase({ url: await server.createDatabase() })],
];

const AT = instant(Date.UTC(2026, 10, 15));
const later = (ms: number): InstantMs => instant(AT + ms);

function recordAt(place: OwnKeyPlace, over: Partial<OwnKeyRecord> = {}): OwnKeyRecord {
  return {
    ...place,
    id: uuidV7(),
    hint: 'sk-…AbCd',
    digest: { bytes: new Uint8Array(32).fill(1), ringKey: 'k1' },
    envelope: Uint8Array.of(1, 2, 3),
    registeredAtMs: AT,
    rejected: null,
    revokedAtMs: null,
    ...over,
  };
}

/** `record` as it must read back, whatever kind of byte array the store answers with. */
function plain(record: OwnKeyRecord | undefined): unknown {
  if (record === undefined) return undefined;
  const { digest, envelope } = record;
  return {
    ...record,
    digest: digest === null ? null : { ...digest, bytes: [...digest.bytes] },
    envelope: envelope === null ? null : [...envelope],
  };
}

const tombstoneOf = (record: OwnKeyRecord, revokedAtMs: InstantMs): unknown => ({
  ...record,
  digest: null,
  envelope: null,
  revokedAtMs,
});

describe.each(STORES)('own keys in %s', (_name, open) => {
  let store: OwnKeyStore;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ store, close } = await open());
  });
  afterAll(() => close());

  let users = 0;
  /** A user nobody has used yet. */
  const somebody = (): OwnKeyPlace => ({ ...ALICE, user: `user-${(users += 1)}` });

  it('are found where they were put, with every field, and nowhere else', async () => {
    const place = { ...somebody(), user: "o'Neill 🙂 – \u00e9" };
    const records = [
      recordAt(place),
      recordAt({ ...place, provider: 'groq' }, { envelope: null }),
      recordAt(
        { ...place, tenant: tenantId('other') },
        {
          digest: { bytes: new Uint8Array(32).fill(2), ringKey: null },
          rejected: { atMs: later(5), reason: 'forbidden' },
        },
      ),
    ];
    for (const record of records) await store.put(record);
    for (const record of records) expect(plain(await store.live(record))).toEqual(plain(record));
    expect(await store.live({ ...place, user: 'nobody' })).toBeUndefined();
    expect(await store.live({ ...place, tenant: tenantId('third') })).toBeUndefined();
  });

  it('take the place of the one before, which stays as a tombstone without anything of the key', async () => {
    const place = somebody();
    const first = recordAt(place);
    const second = recordAt(place, { registeredAtMs: later(10) });
    await store.put(first);
    await store.put(second);
    // As a caller does that heard no answer.
    await store.put(second);
    await store.put(first);
    expect(plain(await store.live(place))).toEqual(plain(second));
    const { tenant, user } = place;
    const all = await store.list({ tenant, user, all: true, limit: 10 });
    expect(all.map(plain)).toEqual([tombstoneOf(first, later(10)), plain(second)]);
  });

  it('are revoked once, by whoever comes first', async () => {
    const place = somebody();
    const record = recordAt(place);
    await store.put(record);
    const answers = await Promise.all([
      store.revoke(place, later(7)),
      store.revoke(place, later(7)),
    ]);
    expect(answers.filter((id) => id !== undefined)).toEqual([record.id]);
    expect(await store.live(place)).toBeUndefined();
    const [tombstone] = await store.list({ ...place, all: true, limit: 10 });
    expect(tombstone).toEqual(tombstoneOf(record, later(7)));
  });

  it('carry a rejection until it is taken away, and only the live one of that id', async () => {
    const place = somebody();
    const [old, live] = [recordAt(place), recordAt(place)];
    await store.put(old);
    await store.put(live);
    const rejected = { atMs: later(3), reason: 'invalid' } as const;
    expect(await store.reject(place, old.id, rejected)).toBe(false);
    expect(await store.reject({ ...place, user: 'nobody' }, live.id, rejected)).toBe(false);
    expect((await store.live(place))?.rejected).toBeNull();
    expect(await store.reject(place, live.id, rejected)).toBe(true);
    expect((await store.live(place))?.rejected).toEqual(rejected);
    expect(await store.reject(place, live.id, null)).toBe(true);
    expect((await store.live(place))?.rejected).toBeNull();
  });

  it('are resealed only from the envelope that was read, and not when they are revoked', async () => {
    const place = somebody();
    const record = recordAt(place);
    await store.put(record);
    const digest = { bytes: new Uint8Array(32).fill(9), ringKey: 'k2' };
    const to = { envelope: Uint8Array.of(9, 9), digest };
    expect(await store.reseal(record.id, Uint8Array.of(1, 2), to)).toBe(false);
    expect(await store.reseal(record.id, Uint8Array.of(1, 2, 3), to)).toBe(true);
    expect(await store.reseal(record.id, Uint8Array.of(1, 2, 3), to)).toBe(false);
    expect(plain(await store.live(place))).toEqual(plain({ ...record, ...to }));
    await store.revoke(place, later(1));
    expect(await store.reseal(record.id, Uint8Array.of(9, 9), to)).toBe(false);
  });

  it('are listed by id, page by page, of one user, of a tenant or of all', async () => {
    const [tenant, elsewhere] = [tenantId('lists'), tenantId('lists-2')];
    const places = ['a', 'b', 'c'].map((user) => ({ ...ALICE, tenant, user }));
    for (const place of [...places, { ...ALICE, tenant: elsewhere }])
      await store.put(recordAt(place));
    await store.revoke(places[1] ?? ALICE, later(1));
    const usersOf = (records: readonly OwnKeyRecord[]) => records.map(({ user }) => user);
    const first = await store.list({ tenant, all: true, limit: 2 });
    expect(usersOf(first)).toEqual(['a', 'b']);
    const after = first.at(-1)?.id;
    expect(usersOf(await store.list({ tenant, all: true, after, limit: 2 }))).toEqual(['c']);
    expect(usersOf(await store.list({ tenant, all: false, limit: 9 }))).toEqual(['a', 'c']);
    expect(usersOf(await store.list({ tenant, user: 'c', all: false, limit: 9 }))).toEqual(['c']);
    const tenants = (await store.list({ all: false, limit: 999 })).map((record) => record.tenant);
    expect(tenants).toEqual(expect.arrayContaining([tenant, elsewhere]));
  });

  it('tell every change after the one that is known, and nothing twice', async () => {
    const place = somebody();
    const known = await store.changes(undefined);
    expect(known.places).toEqual([]);
    let { last } = known;
    const record = recordAt(place);
    const to = { envelope: Uint8Array.of(7), digest: { bytes: new Uint8Array(32), ringKey: 'k1' } };
    for (const change of [
      () => store.put(record),
      () => store.reject(place, record.id, { atMs: AT, reason: 'invalid' }),
      () => store.reseal(record.id, Uint8Array.of(1, 2, 3), to),
      () => store.revoke(place, AT),
    ]) {
      await change();
      const changes = await store.changes(last);
      expect(changes.places).toEqual([expect.objectContaining(place)]);
      expect(changes.last > last).toBe(true);
      ({ last } = changes);
      expect(await store.changes(last)).toEqual({ places: [], last });
    }
    expect((await store.changes(undefined)).last).toBe(last);
  });

  it('tell no change when there was none', async () => {
    const place = somebody();
    const { last } = await store.changes(undefined);
    await store.revoke(place, AT);
    await store.reject(place, uuidV7(), null);
    expect(await store.changes(last)).toEqual({ places: [], last });
  });

  it('say so when more has changed than they name', async () => {
    const tenant = tenantId('crowd');
    const before = await store.changes(undefined);
    for (let user = 0; user <= CHANGES_MAX; user += 1) {
      await store.put(recordAt({ ...ALICE, tenant, user: `u${user}` }));
    }
    const changes = await store.changes(before.last);
    expect(changes.places).toBe('all');
    expect(await store.changes(changes.last)).toEqual({ places: [], last: changes.last });
  });

  it('miss no change of many that are made at once', async () => {
    const tenant = tenantId('at-once');
    let { last } = await store.changes(undefined);
    const seen = new Set<string>();
    let isDone = false;
    const writing = Promise.all(
      Array.from({ length: 60 }, (_none, user) =>
        store.put(recordAt({ ...ALICE, tenant, user: `u${user}` })),
      ),
    ).finally(() => (isDone = true));
    const read = async (): Promise<void> => {
      const changes = await store.changes(last);
      if (changes.places === 'all') throw new Error('not that many');
      for (const { user } of changes.places) seen.add(user);
      ({ last } = changes);
    };
    while (!isDone) {
      await read();
      await new Promise(setImmediate);
    }
    await writing;
    await read();
    expect(seen.size).toBe(60);
  });
});
