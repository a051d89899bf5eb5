/** Random sequences of calls that take from limiters: many calls, much time, and budgets that are in nobody's way. */
import fc from 'fast-check';
import type { Draft, Step } from './copy-commands.ts';
import { rateDrafts } from './rate-drafts.ts';

const CALLS = 40;

const draft: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constantFrom(
    ...(['reserve', 'reserve', 'reserve', 'settle', 'settle'] as const),
    ...(['extend', 'release', 'correct'] as const),
  ),
  id: fc.integer({ min: 100, max: 99 + CALLS }),
  accounts: fc.constant([0]),
  amount: fc.nat(2),
  other: fc.nat(2),
  ttlMs: fc.constantFrom(1_000, 30_000, 60_000, 2_000_000),
  bits: fc.nat(47),
  rates: rateDrafts,
});

/** Half of it calls, half of it time. */
export const rateSteps: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ step: fc.constant('command' as const), command: draft }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          step: fc.constant('together' as const),
          commands: fc.array(draft, { minLength: 2, maxLength: 10 }),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          step: fc.constant('advance' as const),
          byMs: fc.constantFrom(1, 999, 1_000, 7_500, 15_000, 30_000, 30_000, 59_999, 90_000_000),
        }),
      },
    ),
    { minLength: 20, maxLength: 80, size: 'max' },
  )
  .map((steps) => [{ step: 'open', account: 0, drawn: 1_000_000 }, ...steps]);
