/**
 * What a process knows of own keys, over random histories: keys change, the store is slow, answers overtake each
 * other, outages come and go. Every answer was true at some moment that is recent enough.
 */
import { BursarError } from '@bursar/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BELIEVED_MS, FRESH_MS, KnownKeys } from '../../src/own-keys/known-keys.ts';
import type { OwnKeyChanges, OwnKeyPlace, OwnKeyRecord } from '../../src/own-keys/own-key-store.ts';
import { ManualTime } from '../support/manual-time.ts';
import { ALICE } from './ring-for-test.ts';

const PLACES: readonly OwnKeyPlace[] = ['a', 'b', 'c'].map((user) => ({ ...ALICE, user }));

/** What happens next. `place` is an index of `PLACES`. */
type Step =
  | { readonly do: 'change' | 'call'; readonly place: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'outage'; readonly isAway: boolean };

const place = fc.nat({ max: PLACES.length - 1 });
const work: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), place }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('call' as const), place }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 1, max: 200 }) },
        { weight: 3, arbitrary: fc.integer({ min: 400, max: 3_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 3_000, max: 40_000 }) },
      ),
    }),
  },
);
const outage: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('outage' as const),
  isAway: fc.boolean(),
});
/** Long enough for something to be known, to change, and to be asked for again. */
const LENGTH = { minLength: 20, maxLength: 120, size: 'max' } as const;
/** How long a question travels, and how long its answer does; together less than a store may take. */
const delay = fc.constantFrom(0, 10, 100, 450);
const delays = fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 10, size: 'max' });

/** A store whose answers are true when they are read, and travel. Nobody's state but a number for each place. */
class SlowStore {
  readonly #time: ManualTime;
  readonly #delays: readonly (readonly [number, number])[];
  /** Since when there has been which version of a place's key, oldest first. */
  readonly history: readonly { version: number; sinceMs: number; change: bigint }[][];
  isAway = false;
  #asked = 0;
  #last = 0n;

  constructor(time: ManualTime, ways: readonly (readonly [number, number])[]) {
    this.#time = time;
    this.#delays = ways;
    this.history = PLACES.map(() => [{ version: 0, sinceMs: time.nowMs(), change: 0n }]);
  }

  change(index: number): void {
    const history = this.history[index] ?? [];
    this.#last += 1n;
    const version = history.length;
    history.push({ version, sinceMs: this.#time.nowMs(), change: this.#last });
  }

  async live(at: OwnKeyPlace): Promise<OwnKeyRecord | undefined> {
    return this.#travel(() => {
      const id = String(this.history[PLACES.indexOf(at)]?.at(-1)?.version);
      return { ...at, id } as OwnKeyRecord;
    });
  }

  async changes(after: bigint | undefined): Promise<OwnKeyChanges> {
    return this.#travel(() => ({
      places: PLACES.filter(
        (_place, index) =>
          after !== undefined && (this.history[index]?.at(-1)?.change ?? 0n) > after,
      ),
      last: this.#last,
    }));
  }

  async #travel<Answer>(answer: () => Answer): Promise<Answer> {
    const [there, back] = this.#delays[(this.#asked += 1) % this.#delays.length] ?? [0, 0];
    await this.#wait(there);
    if (this.isAway) throw new BursarError('store_unavailable', { message: 'away' });
    const read = answer();
    await this.#wait(back);
    return read;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#time.after(ms, resolve));
  }
}

interface Answered {
  readonly place: number;
  readonly version: number;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

/** Plays `steps` and returns what the calls were answered. */
async function play(
  steps: readonly Step[],
  ways: readonly (readonly [number, number])[],
): Promise<{ readonly store: SlowStore; readonly answers: readonly Answered[]; calls: number }> {
  const time = new ManualTime();
  const store = new SlowStore(time, ways);
  const known = new KnownKeys(store, time);
  const answers: Answered[] = [];
  let calls = 0;
  for (const step of steps) {
    if (step.do === 'wait') await time.advance(step.ms);
    else if (step.do === 'outage') store.isAway = step.isAway;
    else if (step.do === 'change') store.change(step.place);
    else {
      calls += 1;
      const askedAtMs = time.nowMs();
      known.live(PLACES[step.place] ?? ALICE).then(
        (record) => {
          const answeredAtMs = time.nowMs();
          const version = Number(record?.id);
          answers.push({ place: step.place, version, askedAtMs, answeredAtMs });
        },
        () => undefined,
      );
    }
  }
  await time.advance(10_000);
  known.close();
  return { store, answers, calls };
}

/** Whether an answer was true at some moment not longer than `oldMs` before it was asked for. */
function wasTrue(store: SlowStore, answer: Answered, oldMs: number): boolean {
  const history = store.history[answer.place] ?? [];
  const sinceMs = history[answer.version]?.sinceMs ?? Infinity;
  const untilMs = history[answer.version + 1]?.sinceMs ?? Infinity;
  return sinceMs <= answer.answeredAtMs && untilMs >= answer.askedAtMs - oldMs;
}

it('every answer of a slow store was true within the second before it was asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(work, LENGTH), delays, async (steps, ways) => {
      const { store, answers, calls } = await play(steps, ways);
      expect(answers).toHaveLength(calls);
      for (const answer of answers) expect(wasTrue(store, answer, FRESH_MS)).toBe(true);
    }),
    { seed: 61, numRuns: 200 },
  );
});

it('every answer around outages was true within the half minute before it was asked for', async () => {
  const steps = fc.array(
    fc.oneof({ weight: 8, arbitrary: work }, { weight: 1, arbitrary: outage }),
    LENGTH,
  );
  await fc.assert(
    fc.asyncProperty(steps, delays, async (history, ways) => {
      const { store, answers } = await play(history, ways);
      for (const answer of answers) expect(wasTrue(store, answer, BELIEVED_MS)).toBe(true);
    }),
    { seed: 62, numRuns: 200 },
  );
});
