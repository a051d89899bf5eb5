import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AccountId, type Leg, LegIndex, type ReservationId } from '../src/index.ts';

const legs = fc.array(
  fc.record({
    reservation: fc.constantFrom('acme/a', 'acme/b', 'acme/c') as fc.Arbitrary<ReservationId>,
    account: fc.constantFrom('u/1', 'u/2', 'u/3', 'u/4') as fc.Arbitrary<AccountId>,
    spent: fc.nat(),
  }),
) as unknown as fc.Arbitrary<readonly Leg[]>;

it('has the last state of each leg, as if a map had them by both ids', () => {
  fc.assert(
    fc.property(legs, (set) => {
      const index = new LegIndex();
      const map = new Map<string, Leg>();
      for (const leg of set) {
        index.set(leg);
        map.set(`${leg.account} ${leg.reservation}`, leg);
      }
      expect(new Set(index.values())).toEqual(new Set(map.values()));
      for (const reservation of ['acme/a', 'acme/b', 'acme/d'] as ReservationId[]) {
        for (const account of ['u/1', 'u/2', 'u/5'] as AccountId[]) {
          expect(index.get(account, reservation)).toBe(map.get(`${account} ${reservation}`));
        }
      }
    }),
  );
});
