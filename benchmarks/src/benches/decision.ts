/** A whole decision, over five budgets and two rate limits, beside one over a single budget, on the same Redis. */
import type { Bench, Candidate, Finding } from '../harness/bench.ts';
import { closedLoop } from '../harness/drive.ts';
import type { Figures } from '../harness/figures.ts';
import { moneyOff } from '../subjects/audit.ts';
import { Decisions, type DecisionShape } from '../subjects/decisions.ts';
import { openHybridOn, startStores } from '../subjects/stores.ts';

const USERS = 1_000;
const USERS_QUICK = 20;
/** Ids of reservations that one shape may use. */
const NUMBERS = 100_000_000;
const SHAPES: readonly DecisionShape[] = [
  { budgets: 1, rates: 0 },
  { budgets: 1, rates: 2 },
  { budgets: 5, rates: 0 },
  { budgets: 5, rates: 2 },
];
const name = ({ budgets, rates }: DecisionShape, inFlight: number): string =>
  `${budgets} budget${budgets === 1 ? '' : 's'}, ${rates} rates, ${inFlight} in flight`;

export const decision: Bench = {
  name: 'decision',
  question: 'what does a decision over five budgets and two rates cost beside one over one budget?',
  operation: `reservation and its settlement over ${USERS} users of one organisation, decided in Redis`,
  async open({ isQuick }) {
    const stores = await startStores();
    // The journal waits in Redis until the round is over.
    const store = await openHybridOn(stores, { sync: 'minutes' });
    const users = isQuick ? USERS_QUICK : USERS;
    const made = SHAPES.map((shape, index) => ({
      shape,
      decisions: new Decisions(store.tier, shape, {
        users,
        numbersUsed: index * NUMBERS,
        nowMs: Date.now(),
      }),
    }));
    for (const { decisions } of made) await decisions.prime();
    return {
      candidates: [1, 64].flatMap((inFlight) =>
        made.map(({ shape, decisions }): Candidate => ({
          name: name(shape, inFlight),
          open: async () =>
            closedLoop({
              inFlight,
              clocks: stores.clocks,
              operation: () => decisions.make(),
              rest: () => decisions.bookAll(),
            }),
        })),
      ),
      judge: async (of) => ({
        findings: findings(of),
        moneyOffNanoUsd: await moneyOff(
          store,
          made.reduce((sum, { decisions }) => sum + decisions.booked, 0),
        ),
      }),
      async close() {
        await store.close();
        await stores.close();
      },
    };
  },
};

/** Told, and held against nothing: what it may cost is not known better than by measuring it. */
function findings(of: (name: string) => Figures): readonly Finding[] {
  const [one, rated, five, whole] = SHAPES;
  const ratio = (
    what: string,
    shape: DecisionShape | undefined,
    inFlight: number,
    figure: (of: Figures) => number | undefined,
  ): readonly Finding[] => {
    if (shape === undefined || one === undefined) return [];
    const value = (figure(of(name(shape, inFlight))) ?? 0) / (figure(of(name(one, inFlight))) ?? 0);
    const { budgets, rates } = shape;
    const told = `${what} of a pair over ${budgets} budget(s) and ${rates} rates to that over one budget`;
    return [{ name: `${told}, ${inFlight} in flight`, value, better: 'less' }];
  };
  return [
    ...ratio('p50', whole, 1, ({ p50Ms }) => p50Ms),
    ...ratio("Redis's CPU", whole, 64, ({ cpuUs }) => cpuUs.redis),
    ...ratio("Node's CPU", whole, 64, ({ cpuUs }) => cpuUs.node),
    ...ratio("Redis's CPU", five, 64, ({ cpuUs }) => cpuUs.redis),
    ...ratio("Redis's CPU", rated, 64, ({ cpuUs }) => cpuUs.redis),
  ];
}
