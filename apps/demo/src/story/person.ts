/** The people of the story, and what each may spend in this month. */
import { callCost } from '../money/call-cost.ts';
import type { ModelPrice } from '../money/model-prices.ts';

/** The people, in the order in which they are shown. */
export const PEOPLE = ['alice', 'bob', 'carol'] as const;

/** One of them. */
export type Person = (typeof PEOPLE)[number];

/** Credit, in output tokens: so that the story goes the same way at every model's price. */
const CREDIT_TOKENS: Readonly<Record<Person, number>> = { alice: 1_000, bob: 250, carol: 10_000 };

/** What `person` may spend, in nano-USD: with gpt-4o a cent, a quarter of one, and ten. */
export function creditOf(person: Person, price: ModelPrice): bigint {
  return callCost({ inputTokens: 0, outputTokens: CREDIT_TOKENS[person] }, price);
}
