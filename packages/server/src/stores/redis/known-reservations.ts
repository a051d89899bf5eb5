/**
 * What this process knows of open reservations: where they are, so that their keys are right at the first try, and what
 * they were made with, which answers then leave out.
 *
 * A memory, never the truth: a script that needs more keys says so, and an answer that means another reservation than
 * the one that is known says when that was made. Bounded, and cleared when the data are others.
 */
import {
  type AccountId,
  type CopyAnswer,
  type CopyCommand,
  type LimiterId,
  type ReservationId,
  slotsOf,
  takenRates,
} from '@bursar/core';
import { RecentCalls } from '../recent-calls.ts';
import type { EncodedCommand, KnownMade } from './encode-command.ts';

const REMEMBERED_MAX = 50_000;
const NOTHING_MORE: Needed = { accounts: [], limiters: [], made: undefined };

/** What a command does not name, and the call for it needs. */
export type Needed = Pick<EncodedCommand, 'accounts' | 'limiters' | 'made'>;

/** An open reservation, as its answers say under this incarnation. */
interface Known extends KnownMade {
  readonly accounts: readonly AccountId[];
}

/** Knows the reservations that were answered last. */
export class KnownReservations {
  readonly #known = new RecentCalls<Known>(REMEMBERED_MAX);
  /** The limiters of which a reservation holds slots, if it holds any. */
  readonly #slots = new RecentCalls<readonly LimiterId[]>(REMEMBERED_MAX);

  /** What is known of the reservation that `command` is about, beyond what it says itself. */
  neededBy(command: CopyCommand): Needed {
    if (!('reservation' in command) || command.kind === 'reserve') return NOTHING_MORE;
    const isNamed = 'accounts' in command && command.accounts !== undefined;
    const made = this.#known.get(command.reservation);
    const limiters = this.#slots.get(command.reservation) ?? [];
    const accounts = made === undefined || isNamed ? [] : made.accounts;
    return { accounts, limiters, made };
  }

  /** Notes what `answer` says of a reservation; one that has ended is forgotten. */
  note(reservation: ReservationId | null, answer: CopyAnswer): void {
    if (reservation === null || !('found' in answer)) return;
    const { state } = answer.found;
    const { accounts, fingerprint, terms, createdAtMs } = answer.found.reservation;
    if (state !== 'reserved') this.#known.delete(reservation);
    else if (accounts.length > 0) {
      this.#known.set(reservation, { accounts, fingerprint, terms, createdAtMs });
    }
  }

  /** Notes of which limiters a reservation that was just made holds slots. */
  noteSlots({ reservation, rates }: Extract<CopyCommand, { kind: 'reserve' }>): void {
    if (rates === undefined) return;
    const slots = slotsOf(takenRates({ rates })).map(({ limiter }) => limiter);
    if (slots.length > 0) this.#slots.set(reservation, slots);
  }

  /** Forgets what reservations were made with: the data are others. */
  clear(): void {
    this.#known.clear();
  }
}
