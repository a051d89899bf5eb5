/** Legs by reservation and account. */
import type { Leg } from '../account/leg.ts';
import type { AccountId, ReservationId } from '../ids.ts';

/**
 * The last state of each leg that was set. A reservation has one leg, or a few: looking through them is cheaper than a
 * key made of both ids, which each look-up would have to make.
 */
export class LegIndex {
  readonly #legs = new Map<ReservationId, Leg | Leg[]>();

  get(account: AccountId, reservation: ReservationId): Leg | undefined {
    const found = this.#legs.get(reservation);
    if (found === undefined) return undefined;
    if (Array.isArray(found)) return found.find((leg) => leg.account === account);
    return found.account === account ? found : undefined;
  }

  set(leg: Leg): void {
    const found = this.#legs.get(leg.reservation);
    if (found === undefined) {
      this.#legs.set(leg.reservation, leg);
    } else if (!Array.isArray(found)) {
      this.#legs.set(leg.reservation, found.account === leg.account ? leg : [found, leg]);
    } else {
      const place = found.findIndex(({ account }) => account === leg.account);
      if (place === -1) found.push(leg);
      else found[place] = leg;
    }
  }

  /** All of them, in the order in which their reservations were first set. */
  values(): readonly Leg[] {
    return [...this.#legs.values()].flat();
  }
}
