/**
 * Calls that end by an exception, or with the process that makes them, on a real Redis deciding for a real
 * PostgreSQL. A killed process leaves the call's bound in the ledger, not its cost: what it had read of the
 * answer is known to nobody any more, unless it had a journal.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { JournalEvent } from '../../src/commits/journal-options.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { type Runtime, SYSTEM_RUNTIME } from '../../src/runtime.ts';
import { deadUrl } from '../support/dead-url.ts';
import { chargeOf, expectBooks, expectRestToFit } from '../support/expect-books.ts';
import {
  type HybridWorld,
  MODEL,
  openHybridWorld,
  startStores,
  type Stores,
  threeLetterWords,
  TOKEN,
} from '../support/hybrid-world.ts';
import { nanoUsd } from '../support/nano-usd.ts';
import type { CallerOptions, StandstillMoment } from './caller.process.ts';

const chat = { model: MODEL, messages: [threeLetterWords(20)], max_completion_tokens: 50 };

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

describe('F15: an exception in this process', () => {
  /** The only reservation is given back, and so is all that it held. */
  async function expectReleased(world: HybridWorld): Promise<void> {
    await expectRestToFit(world, 'alice');
    const { ledger, entries } = await expectBooks(world);
    expect(ledger).toBe(0);
    expect([...entries.values()].map(([end]) => end?.kind)).toEqual(['release', 'release']);
    expect(world.provider.calls).toHaveLength(0);
  }

  test('in the adapter below the wrapper releases the call at once', async () => {
    await using world = await openHybridWorld(stores);
    const fetch = (): never => {
      throw new Error('broken adapter');
    };
    await expect(world.openai({}, { fetch }).chat.completions.create(chat)).rejects.toThrow(
      'Connection error',
    );
    await expectReleased(world);
  });

  test('in the wrapper itself, between the hold and the call, releases it at once', async () => {
    await using world = await openHybridWorld(stores);
    const runtime: Runtime = {
      ...SYSTEM_RUNTIME,
      after: (delayMs, task) => {
        // The first thing that a timer is for is the heartbeat.
        if (delayMs === 15_000) throw new Error('no timers left');
        return SYSTEM_RUNTIME.after(delayMs, task);
      },
    };
    const openai = world.openai({}, {}, world.connect({ runtime }));
    await expect(openai.chat.completions.create(chat)).rejects.toThrow('Connection error');
    await expectReleased(world);
  });

  test('because nobody listens at the provider’s address releases it at once', async () => {
    await using world = await openHybridWorld(stores);
    const openai = world.openai({}, { baseURL: await deadUrl() });
    await expect(openai.chat.completions.create(chat)).rejects.toThrow('Connection error');
    await expectReleased(world);
  });

  test('in a callback costs nothing but the call itself', async () => {
    await using world = await openHybridWorld(stores);
    const broken = (): never => {
      throw new Error('broken callback');
    };
    const openai = world.openai({
      onDecision: broken,
      onSettled: broken,
      onHeartbeatFailed: broken,
      onSettleFailed: broken,
    });
    await openai.chat.completions.create(chat);
    await expectRestToFit(world, 'alice');
    const { ledger, billed } = await expectBooks(world);
    expect(ledger).toBe(billed);
  });

  test('in the loop that reads a stream ends the call, which pays what it was sent', async () => {
    await using world = await openHybridWorld(stores);
    const stream = await world.openai().chat.completions.create(
      { ...chat, stream: true },
      // Ten tokens at once, and then nothing: what is on its way is not left to chance.
      {
        headers: {
          'x-provider-output-tokens': '50',
          'x-provider-tokens-per-chunk': '10',
          'x-provider-chunk-delay-ms': '600000',
        },
      },
    );
    const reading = (async () => {
      for await (const { choices } of stream) {
        if (choices[0]?.delta.content) throw new Error('broken reader');
      }
    })();
    await expect(reading).rejects.toThrow('broken reader');
    await expectRestToFit(world, 'alice');
    const { ledger, billed } = await expectBooks(world);
    expect(ledger).toBe(20 * 150 + 10 * 600);
    expect(ledger).toBe(billed);
  });
});

describe('F15: a process killed', () => {
  const TTL_MS = 30_000;
  /** How long to wait for a sweep, which comes every 20 ms, on a machine that is busy. */
  const SWEPT = { timeout: 20_000 };

  /** Runs a process until it stands still at `moment`, and kills it there. */
  async function killedAt(
    world: HybridWorld,
    moment: StandstillMoment,
    more: Partial<CallerOptions> = {},
  ): Promise<string> {
    const options: CallerOptions = {
      bursar: world.urls[0],
      token: TOKEN,
      provider: world.provider.url,
      user: 'alice',
      model: MODEL,
      prompt: threeLetterWords(20).content,
      ttlMs: TTL_MS,
      moment,
      ...more,
    };
    const program = join(import.meta.dirname, 'caller.process.ts');
    const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exit = once(child, 'exit');
    if (child.stdout === null) throw new Error('the process has no standard output');
    const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), exit])) as [
      unknown,
    ];
    if (typeof line !== 'string') throw new Error('the process ended before it stood still');
    child.kill('SIGKILL');
    await exit;
    return line;
  }

  test.each<[string, string, StandstillMoment]>([
    ['before its call has left', 'given back', 'held'],
    ['while it reads a stream', 'charged', 'streaming'],
    ['between the answer and its settlement', 'charged', 'answered'],
  ])('%s: what was held is %s at the deadline, and not before', async (_when, end, moment) => {
    const isCharged = end === 'charged';
    await using world = await openHybridWorld(stores);
    const reservation = await killedAt(world, moment);
    const { reservedUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect(nanoUsd(reservedUsd)).toBeGreaterThan(0);
    world.holds.set(reservation, { user: 'alice', heldUsd: reservedUsd });

    world.clock.advance(TTL_MS - 1);
    // A reservation ends what is due on its account, and so would this one.
    await expectRestToFit(world, 'alice');
    expect((await world.bursar.usage.current({ user: 'alice' })).reservedUsd).toBe(reservedUsd);

    world.clock.advance(1);
    await expect
      .poll(async () => (await world.bursar.usage.current({ user: 'alice' })).reservedUsd, SWEPT)
      .toBe('0.00');
    await expectRestToFit(world, 'alice');
    const { entries, billed } = await expectBooks(world);
    const ends = entries.get(reservation) ?? [];
    expect(ends.map(({ kind }) => kind)).toEqual(['expire']);
    expect(chargeOf(ends)).toBe(isCharged ? nanoUsd(reservedUsd) : 0);
    // The bound is one: the provider bills no more.
    expect(billed).toBeLessThanOrEqual(chargeOf(ends));
    expect(world.provider.calls.length).toBe(isCharged ? 1 : 0);
  });

  test.each<[string, 'its cost' | 'its bound', StandstillMoment, 'heard' | 'not heard']>([
    ['while it settles', 'its cost', 'settling', 'heard'],
    ['after a call that was made unreserved', 'its cost', 'settling', 'not heard'],
    ['in the middle of a call that was made unreserved', 'its bound', 'streaming', 'not heard'],
  ])('%s: the next one books %s from its journal', async (_when, booked, moment, line) => {
    const isHeard = line === 'heard';
    await using world = await openHybridWorld(stores);
    const directory = await mkdtemp(join(tmpdir(), 'bursar-f15-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const bursar = isHeard ? world.urls[0] : await deadUrl();
    const reservation = await killedAt(world, moment, { journal: directory, bursar });
    const { reservedUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect(nanoUsd(reservedUsd) > 0).toBe(isHeard);
    world.holds.set(reservation, { user: 'alice', heldUsd: reservedUsd });

    const events: JournalEvent[] = [];
    const journal = fileJournal({ directory, onEvent: (event) => events.push(event) });
    const next = world.connect({ journal });
    await expect.poll(() => events, SWEPT).toMatchObject([{ kind: 'booked' }]);
    expect(await next.close()).toEqual({ callsOpen: 0, kept: 0 });
    expect(await readdir(directory)).toEqual([]);

    await expectRestToFit(world, 'alice');
    const { entries, billed } = await expectBooks(world);
    const ends = entries.get(reservation) ?? [];
    expect(ends.map(({ kind }) => kind)).toEqual(['settle']);
    if (booked === 'its cost') expect(chargeOf(ends)).toBe(billed);
    // The most that its twenty tokens of input and fifty of output can cost, and the client counts the input generously.
    else expect(chargeOf(ends)).toBeGreaterThanOrEqual(Math.max(billed, 20 * 150 + 50 * 600));
  });
});
