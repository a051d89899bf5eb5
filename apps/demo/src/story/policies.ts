/**
 * The rules of the story, as an operator puts them: what everybody on a plan may spend, how fast, and what the
 * organisation may spend in all. The document is what docs/budgets.md describes.
 */
import type { Bursar } from '@bursar/client';
import { callCost } from '../money/call-cost.ts';
import type { ModelPrice } from '../money/model-prices.ts';
import { formatUsd } from '../money/nano-usd.ts';
import { ORG, PEOPLE, PLAN_OF, type Plan } from './person.ts';

/** Credits of a month, in output tokens: so that the story goes the same way at every model's price. */
const CREDIT_TOKENS: Readonly<Record<Plan | 'org', number>> = {
  pro: 10_000,
  free: 250,
  // Less than one on `pro`: the organisation can run out before its people do.
  org: 9_000,
};
/** How fast calls may come on the plan `free`: so many at once, then one after each pause. */
export const FREE_PACE = { capacity: 5, refillPermits: 1, refillEveryMs: 15_000 } as const;
/** By this note the demo knows policies as its own. */
const NOTE = 'pnpm demo';

/** The database has policies that somebody else put there. The message says so, and what to do. */
export class ForeignPolicies extends Error {
  override readonly name = 'ForeignPolicies';

  constructor(version: number) {
    super(
      `The database has policies (version ${version}) that are not the demo's, and the story would replace ` +
        'them. Set DATABASE_URL to another database, or leave it out.',
    );
  }
}

/** What a plan or the organisation may spend in a month, in nano-USD: with gpt-4o $0.10, $0.0025 and $0.09. */
export function creditOf(whose: Plan | 'org', price: ModelPrice): bigint {
  return callCost({ inputTokens: 0, outputTokens: CREDIT_TOKENS[whose] }, price);
}

/** Puts the rules in force, in place of those of an earlier run. Throws `ForeignPolicies`. */
export async function putPolicies(
  { policies }: Bursar,
  nameOf: (name: string) => string,
  price: ModelPrice,
): Promise<void> {
  const { version, history } = await policies.get();
  if (version > 0 && history[0]?.note !== NOTE) throw new ForeignPolicies(version);
  const creditOn = (plan: Plan) => ({
    name: 'credit',
    on: { kind: 'user' },
    limitUsd: formatUsd(creditOf(plan, price)),
  });
  await policies.put({
    expectedVersion: version,
    note: NOTE,
    document: {
      version: version + 1,
      defaults: {
        budgets: [
          // Who has no plan, in replays of traces: as without any policies.
          { name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' },
          {
            name: 'credit',
            on: { kind: 'org', name: nameOf(ORG) },
            limitUsd: formatUsd(creditOf('org', price)),
          },
        ],
      },
      plans: [
        { name: 'pro', budgets: [creditOn('pro')] },
        {
          name: 'free',
          budgets: [creditOn('free')],
          rates: [
            {
              name: 'pace',
              on: { kind: 'user' },
              counts: 'requests',
              limiter: { algorithm: 'token-bucket', ...FREE_PACE },
            },
          ],
        },
      ],
      assignments: PEOPLE.map((person) => ({
        tenant: 'default',
        scope: { kind: 'user', name: nameOf(person) },
        plan: PLAN_OF[person],
      })),
    },
  });
}
