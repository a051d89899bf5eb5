/** Callers who go away between `reserve` and the first chunk, on a real Redis deciding for a real PostgreSQL. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chargeOf, expectBooks, expectRestToFit } from '../support/expect-books.ts';
import {
  type HybridWorld,
  MODEL,
  openHybridWorld,
  startStores,
  type Stores,
  threeLetterWords,
} from '../support/hybrid-world.ts';
import { seededRandom } from '../support/seeded-random.ts';

const CALLS = 500;
const INPUT_TOKENS = 40;
const INPUT_COST = INPUT_TOKENS * 150;

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.stop());

/** Where in its life a call is aborted. */
type Moment = 'asking' | 'decided' | 'leaving' | 'under way' | 'answering';
const MOMENTS: readonly Moment[] = ['asking', 'decided', 'leaving', 'under way', 'answering'];

/** Makes one call and aborts it at `moment`. Answers whether its request left for the provider. */
async function abortedCall(
  world: HybridWorld,
  { moment, random }: { readonly moment: Moment; readonly random: () => number },
): Promise<boolean> {
  const abort = new AbortController();
  const turns = Math.floor(random() * 60);
  let hasLeft = false;
  const openai = world.openai(
    { onDecision: () => moment === 'decided' && abort.abort() },
    {
      fetch: (input, init) => {
        hasLeft = true;
        if (moment === 'leaving') abort.abort();
        const answer = fetch(input, init);
        if (moment === 'under way') abort.abort();
        if (moment === 'answering') void abortAfter(abort, turns);
        return answer;
      },
    },
  );
  if (moment === 'asking') void abortAfter(abort, turns % 4);
  const answer = openai.chat.completions.create(
    {
      model: MODEL,
      messages: [threeLetterWords(INPUT_TOKENS)],
      max_completion_tokens: 100,
      stream: true,
    },
    // The provider reads the request and never answers: there is no first chunk.
    { signal: abort.signal, headers: { 'x-provider-hang': '1' } },
  );
  await expect(answer).rejects.toThrow('aborted');
  return hasLeft;
}

/** Aborts after so many turns of the event loop. */
async function abortAfter(abort: AbortController, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await nextTurn();
  abort.abort();
}

test(`F14: of ${CALLS} calls aborted before the first chunk none keeps anything aside; those that left pay their input, the others nothing`, async () => {
  await using world = await openHybridWorld(stores);
  const random = seededRandom(14);
  const left = await Promise.all(
    Array.from({ length: CALLS }, () => {
      const moment = MOMENTS[Math.floor(random() * MOMENTS.length)] ?? 'asking';
      return abortedCall(world, { moment, random });
    }),
  );
  await world.settled();
  // Time stands still here: whatever were still open could not have ended by its deadline.
  expect(await world.bursar.usage.current({ user: 'alice' })).toMatchObject({
    reservedUsd: '0.00',
  });
  await expectRestToFit(world, 'alice');

  const sent = left.filter(Boolean).length;
  const { ledger, entries } = await expectBooks(world, { unseen: sent });
  const charges = [...entries.values()].map(chargeOf).filter((charge) => charge > 0);
  expect(charges).toEqual(Array.from({ length: sent }, () => INPUT_COST));
  expect(ledger).toBe(sent * INPUT_COST);
  expect(sent).toBeGreaterThan(CALLS / 4);
  expect(world.provider.totals().aborted).toBeGreaterThan(0);
});
