/** Own keys of several servers on one PostgreSQL: revocation, rotation, and what a dump gives away. */
import { type PostgresServer, startPostgres } from '@bursar/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KeyRing } from '../../src/own-keys/key-ring.ts';
import { FRESH_MS } from '../../src/own-keys/known-keys.ts';
import { OwnKeys } from '../../src/own-keys/own-keys.ts';
import { migrate } from '../../src/stores/postgres/migrate.ts';
import { openDatabase, type OpenedDatabase } from '../../src/stores/postgres/open-database.ts';
import { PostgresOwnKeyStore } from '../../src/stores/postgres/postgres-own-key-store.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { ManualTime } from '../support/manual-time.ts';
import { ALICE, ringOf, secretNamed } from './ring-for-test.ts';

const KEY = 'sk-proj-canary_0123456789abcdefghij';

let server: PostgresServer;
let url: string;
const databases: OpenedDatabase[] = [];
const time = new ManualTime();

beforeAll(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
});
afterAll(async () => {
  for (const database of databases) await database.close();
  await server.stop();
});

/** Own keys of one more server, with connections of its own. */
async function anotherServer(ring?: KeyRing): Promise<OwnKeys> {
  const database = await openDatabase({ url });
  databases.push(database);
  await migrate(database);
  const store = new PostgresOwnKeyStore(database.db);
  return new OwnKeys({ store, ring, time, log: SILENT_LOG });
}

it('a key that is revoked, rejected or replaced on one server is so on every other within a second', async () => {
  const [one, other] = [await anotherServer(ringOf('k1')), await anotherServer(ringOf('k1'))];
  const { id } = await one.register(ALICE, KEY);
  expect(await other.paying(ALICE)).toBe(id);

  await one.markRejected(ALICE, id, 'invalid');
  await time.advance(FRESH_MS + 1);
  expect(await other.paying(ALICE)).toBeUndefined();

  const { id: next } = await one.register(ALICE, `${KEY}-next`);
  await time.advance(FRESH_MS + 1);
  expect(await other.open(ALICE)).toEqual({ id: next, key: `${KEY}-next` });

  await one.revoke(ALICE);
  await time.advance(FRESH_MS + 1);
  expect(await other.paying(ALICE)).toBeUndefined();
  await expect(other.open(ALICE)).rejects.toMatchObject({ code: 'own_key_not_found' });
});

it('secrets change without a moment in which a key does not open', async () => {
  const place = { ...ALICE, user: 'rotated' };
  const old = await anotherServer(ringOf('k1'));
  await old.register(place, KEY);
  // First every server learns the new secret, behind the old one; then it is put in front.
  const between = await anotherServer(ringOf('k1', 'k2'));
  const during = await anotherServer(ringOf('k2', 'k1'));
  for (const ownKeys of [between, during]) expect((await ownKeys.open(place)).key).toBe(KEY);
  for await (const { unreadable } of during.renew(1)) expect(unreadable).toEqual([]);
  await time.advance(FRESH_MS + 1);
  const after = await anotherServer(ringOf('k2'));
  for (const ownKeys of [between, during, after]) {
    expect((await ownKeys.open(place)).key).toBe(KEY);
  }
});

it('keys that are registered, replaced and revoked while all are renewed end as their users left them', async () => {
  const places = Array.from({ length: 40 }, (_none, user) => ({ ...ALICE, user: `busy-${user}` }));
  const old = await anotherServer(ringOf('k1', 'k2'));
  await Promise.all(places.map((place) => old.register(place, `${KEY}-${place.user}`)));
  const during = await anotherServer(ringOf('k2', 'k1'));
  const renewed = (async () => {
    for await (const { unreadable } of during.renew(5)) expect(unreadable).toEqual([]);
  })();
  await Promise.all([
    ...places.slice(0, 10).map((place) => old.register(place, `${KEY}-next-${place.user}`)),
    ...places.slice(10, 20).map((place) => old.revoke(place)),
    ...places.slice(20, 30).map((place) => during.register(place, `${KEY}-next-${place.user}`)),
    ...places.slice(30).map((place) => during.open(place)),
  ]);
  await renewed;
  // What a server with the old secret in front has sealed meanwhile.
  for await (const { unreadable } of during.renew()) expect(unreadable).toEqual([]);
  const after = await anotherServer(ringOf('k2'));
  for (const [index, place] of places.entries()) {
    if (index >= 10 && index < 20) {
      await expect(after.open(place)).rejects.toMatchObject({ code: 'own_key_not_found' });
    } else {
      const key = `${KEY}-${index < 30 ? 'next-' : ''}${place.user}`;
      expect((await after.open(place)).key).toBe(key);
    }
  }
});

it('a dump of the database holds no key and no secret, in no encoding', async () => {
  const ownKeys = await anotherServer(ringOf('k1'));
  await ownKeys.register({ ...ALICE, user: 'dumped' }, KEY);
  await ownKeys.register({ ...ALICE, user: 'replaced' }, KEY);
  await ownKeys.register({ ...ALICE, user: 'replaced' }, `${KEY}-next`);
  const unkept = await anotherServer();
  await unkept.register({ ...ALICE, user: 'unkept' }, KEY);
  const { db } = databases.at(-1) as OpenedDatabase;
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = current_schema()`.execute(
    db,
  );
  let dump = '';
  for (const { name } of tables) {
    const { rows } = await sql<{
      line: string;
    }>`select t::text as line from ${sql.table(name)} t`.execute(db);
    dump += rows.map(({ line }) => `${name} ${line}\n`).join('');
  }
  expect(dump).toContain('own_keys (');
  expect(dump).toContain('sk-…ghij');
  const ring = ringOf('k1');
  const secrets = [
    Buffer.from(KEY),
    Buffer.from(KEY.slice(8, 24)),
    Buffer.from(secretNamed('k1').slice(3), 'base64'),
    ring.newest.wrapping.export(),
    ring.newest.recognising.export(),
  ];
  for (const secret of secrets) {
    for (const encoding of ['latin1', 'hex', 'base64'] as const) {
      expect(dump).not.toContain(secret.toString(encoding).replace(/=+$/, ''));
    }
  }
});

it('the database refuses a tombstone with anything of the key, and a second live key', async () => {
  const ownKeys = await anotherServer(ringOf('k1'));
  const place = { ...ALICE, user: 'constrained' };
  const { id } = await ownKeys.register(place, KEY);
  const { db } = databases.at(-1) as OpenedDatabase;
  const refused = { code: '23514' };
  for (const change of [
    sql`update own_keys set revoked_at = now() where id = ${id}`,
    sql`update own_keys set revoked_at = now(), digest = null, digest_ring_key = null where id = ${id}`,
    sql`update own_keys set revoked_at = now(), envelope = null where id = ${id}`,
    sql`update own_keys set digest = null where id = ${id}`,
    sql`update own_keys set rejected_at = now() where id = ${id}`,
  ]) {
    await expect(change.execute(db)).rejects.toMatchObject(refused);
  }
  await expect(
    sql`insert into own_keys select 'another', tenant, user_name, provider, hint, digest,
      digest_ring_key, envelope, registered_at, null, null, null, changed
      from own_keys where id = ${id}`.execute(db),
  ).rejects.toMatchObject({ code: '23505' });
});
