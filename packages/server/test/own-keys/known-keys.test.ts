/** What a process knows of own keys: nothing older than a second, without asking on the path of a call. */
import { BursarError } from '@bursar/core';
import { v7 as uuidV7 } from 'uuid';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BELIEVED_MS,
  FRESH_MS,
  IN_USE_MS,
  KnownKeys,
  PATIENCE_MS,
  READ_CHANGES_MS,
} from '../../src/own-keys/known-keys.ts';
import { MemoryOwnKeyStore } from '../../src/own-keys/memory-own-key-store.ts';
import type { OwnKeyPlace, OwnKeyRecord } from '../../src/own-keys/own-key-store.ts';
import { ManualTime, settled } from '../support/manual-time.ts';
import { ALICE } from './ring-for-test.ts';

const BOB: OwnKeyPlace = { ...ALICE, user: 'bob' };

/** A store that counts what it is asked, and can be away, silent or slow to answer. */
class CountingStore extends MemoryOwnKeyStore {
  asked = { live: 0, changes: 0 };
  is: 'there' | 'away' | 'silent' = 'there';
  /** Answers of `live` wait for this, after they were read. */
  answers: Promise<void> = Promise.resolve();

  override async live(place: OwnKeyPlace): Promise<OwnKeyRecord | undefined> {
    this.asked.live += 1;
    await this.#fate();
    const record = await super.live(place);
    await this.answers;
    return record;
  }

  override async changes(after: bigint | undefined) {
    this.asked.changes += 1;
    await this.#fate();
    return super.changes(after);
  }

  async #fate(): Promise<void> {
    if (this.is === 'away') throw new BursarError('store_unavailable', { message: 'away' });
    if (this.is === 'silent') await new Promise(() => {});
  }
}

let time: ManualTime;
let store: CountingStore;
let known: KnownKeys;
beforeEach(async () => {
  time = new ManualTime();
  store = new CountingStore();
  known = new KnownKeys(store, time);
  await put(ALICE);
});

async function put(place: OwnKeyPlace): Promise<string> {
  const id = uuidV7();
  await store.put({
    ...place,
    id,
    hint: '…',
    digest: { bytes: new Uint8Array(32), ringKey: null },
    envelope: null,
    registeredAtMs: time.nowMs(),
    rejected: null,
    revokedAtMs: null,
  });
  return id;
}

describe('the path of a call', () => {
  it('reads a user once, and then nothing: one small statement each quarter of a second is for everybody', async () => {
    for (const place of [ALICE, BOB]) await known.live(place);
    store.asked = { live: 0, changes: 0 };
    const waits: boolean[] = [];
    for (let call = 0; call < 400; call += 1) {
      let isAnswered = false;
      const answered = known.live(call % 2 === 0 ? ALICE : BOB).then(() => (isAnswered = true));
      // A call that needs nothing of the store is answered in the same turn of the event loop.
      for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
      waits.push(!isAnswered);
      await answered;
      await time.advance(50);
    }
    expect(waits.every((isWaiting) => !isWaiting)).toBe(true);
    expect(store.asked).toEqual({ live: 0, changes: 20_000 / READ_CHANGES_MS });
  });

  it('asks once for callers of one user that come together', async () => {
    await Promise.all(Array.from({ length: 50 }, () => known.live(ALICE)));
    expect(store.asked).toEqual({ live: 1, changes: 1 });
  });

  it('remembers that somebody has no key', async () => {
    expect(await known.live(BOB)).toBeUndefined();
    expect(await known.live(BOB)).toBeUndefined();
    expect(store.asked.live).toBe(1);
  });

  it('remembers a bounded number of users', async () => {
    for (let user = 0; user < 10_050; user += 1) await known.live({ ...BOB, user: `u${user}` });
    expect(known.size).toBe(10_000);
  });

  it('asks nothing any more when nobody calls', async () => {
    await known.live(ALICE);
    await time.advance(2 * IN_USE_MS);
    store.asked.changes = 0;
    await time.advance(10 * IN_USE_MS);
    expect(store.asked.changes).toBe(0);
    expect(time.waiting).toBe(0);
  });
});

describe('a change that somebody else made', () => {
  const revoke = () => store.revoke(ALICE, time.nowMs());

  it('is seen within a second, by a caller who calls all the time', async () => {
    await known.live(ALICE);
    await revoke();
    await time.advance(FRESH_MS);
    expect(await known.live(ALICE)).toBeUndefined();
    expect(await known.live(BOB)).toBeUndefined();
  });

  it('is seen after a second even if the process stood still meanwhile and no timer fired', async () => {
    const idle = new KnownKeys(store, { nowMs: () => time.nowMs(), after: () => () => {} });
    await idle.live(ALICE);
    await revoke();
    await time.advance(FRESH_MS + 1);
    expect(await idle.live(ALICE)).toBeUndefined();
  });

  it('is seen when the process comes back to it after an hour', async () => {
    await known.live(ALICE);
    await time.advance(3_600_000);
    await revoke();
    expect(await known.live(ALICE)).toBeUndefined();
  });

  it('is not covered up by an answer that was on its way', async () => {
    let answer = (): void => {};
    await known.live(BOB);
    store.answers = new Promise((resolve) => (answer = resolve));
    const early = known.live(ALICE);
    await settled();
    await revoke();
    await time.advance(READ_CHANGES_MS);
    answer();
    // It asked before the key was revoked, and may be told so.
    expect(await early).toBeDefined();
    expect(await known.live(ALICE)).toBeUndefined();
  });

  it('of more users than can be told makes everybody unknown', async () => {
    await known.live(ALICE);
    store.changes = async (after) => ({ places: 'all', last: (after ?? 0n) + 1n });
    await time.advance(READ_CHANGES_MS);
    store.asked.live = 0;
    await known.live(ALICE);
    expect(store.asked.live).toBe(1);
  });
});

it('what this process changed itself is unknown at once', async () => {
  await known.live(ALICE);
  await store.revoke(ALICE, time.nowMs());
  known.forget(ALICE);
  expect(await known.live(ALICE)).toBeUndefined();
});

describe.each(['away', 'silent'] as const)('while the store is %s', (fate) => {
  beforeEach(async () => {
    await known.live(ALICE);
    store.is = fate;
    // Long enough for a reading to fail, and not to be waited for.
    await time.advance(READ_CHANGES_MS + PATIENCE_MS);
  });

  it('what was known is believed for half a minute, without waiting, and then no longer', async () => {
    const aliveUntilMs = time.nowMs() + BELIEVED_MS - READ_CHANGES_MS - PATIENCE_MS;
    expect(await known.live(ALICE)).toBeDefined();
    await time.advance(aliveUntilMs - time.nowMs());
    expect(await known.live(ALICE)).toBeDefined();
    await time.advance(READ_CHANGES_MS + 1);
    await expect(known.live(ALICE)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('nothing is known of anybody else, at once', async () => {
    const asked = store.asked.live;
    await expect(known.live(BOB)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(store.asked.live).toBe(asked);
  });

  it('gets one question at a time, in the background', async () => {
    const asked = store.asked.changes;
    for (let second = 0; second < 20; second += 1) {
      await known.live(ALICE);
      await time.advance(1_000);
    }
    const more = store.asked.changes - asked;
    if (fate === 'silent') expect(more).toBe(0);
    else expect(more).toBe(20_000 / READ_CHANGES_MS);
  });
});

describe('when the store is back', () => {
  it('what changed meanwhile is seen, and the others are known as before', async () => {
    await known.live(ALICE);
    await known.live(BOB);
    store.is = 'away';
    await time.advance(10_000);
    await known.live(ALICE);
    await store.revoke(ALICE, time.nowMs());
    store.is = 'there';
    await time.advance(READ_CHANGES_MS);
    store.asked.live = 0;
    expect(await known.live(BOB)).toBeUndefined();
    expect(store.asked.live).toBe(0);
    expect(await known.live(ALICE)).toBeUndefined();
  });

  it('a caller who comes after an hour is not told of the old outage', async () => {
    await known.live(ALICE);
    store.is = 'away';
    await time.advance(3_600_000);
    store.is = 'there';
    expect(await known.live(ALICE)).toBeDefined();
  });
});

it('a clock that was set back makes nothing newer than it is', async () => {
  let nowMs = time.nowMs() + 3_600_000;
  const clock = { nowMs: () => nowMs as ReturnType<ManualTime['nowMs']>, after: () => () => {} };
  const other = new KnownKeys(store, clock);
  await other.live(ALICE);
  await store.revoke(ALICE, time.nowMs());
  nowMs = time.nowMs();
  expect(await other.live(ALICE)).toBeUndefined();
});

it('closed, it asks nothing any more', async () => {
  await known.live(ALICE);
  known.close();
  store.asked.changes = 0;
  await time.advance(60_000);
  expect(store.asked.changes).toBe(0);
});
