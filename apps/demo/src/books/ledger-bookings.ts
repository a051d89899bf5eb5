/** What the ledger says about a run: read through the API, page by page, and added up by reservation. */
import type { UsageApi } from '@bursar/client';
import { parseUsd } from '../money/nano-usd.ts';
import type { RunHeader } from './run-file.ts';

/** A budget, as the API names it: of a user or of another scope. */
export type BudgetName = Pick<Parameters<UsageApi['current']>[0], 'user' | 'scope' | 'budget'>;

/** One of a user's. */
export interface UserBudget {
  readonly user: string;
  readonly budget: string;
}

/** Entries on one page, the most there may be. */
const PAGE_ENTRIES = 200;

/** Everything booked for one reservation. */
export interface Booking {
  /** Sum of its entries, nano-USD. */
  nanoUsd: bigint;
  /** Entries that book a cost. */
  settlements: number;
  /** Whether its deadline ended it. */
  isExpired: boolean;
}

/** Bookings by reservation. */
export type Bookings = ReadonlyMap<string, Booking>;

/** The bookings on `budgets` since `sinceMs`, in the months from then to `untilMs` (milliseconds since 1970). */
export async function readBookings(
  usage: UsageApi,
  run: {
    readonly budgets: readonly BudgetName[];
    readonly sinceMs: number;
    readonly untilMs: number;
  },
): Promise<Bookings> {
  const bookings = new Map<string, Booking>();
  for (const budget of run.budgets) {
    for (const period of monthsBetween(run.sinceMs, run.untilMs)) {
      let cursor: number | null = null;
      do {
        const page = await usage.history({
          ...budget,
          period,
          limit: PAGE_ENTRIES,
          ...(cursor === null ? {} : { cursor }),
        });
        for (const entry of page.entries) {
          if (entry.reservation === null) continue;
          const booking = bookings.get(entry.reservation) ?? NO_BOOKING();
          booking.nanoUsd += parseUsd(entry.amountUsd);
          if (entry.kind === 'settle') booking.settlements += 1;
          if (entry.kind === 'expire') booking.isExpired = true;
          bookings.set(entry.reservation, booking);
        }
        cursor = page.nextCursor;
      } while (cursor !== null);
    }
  }
  return bookings;
}

/** Every budget on which calls of the users of `run` are booked once: by whoever paid. */
export function budgetsOf({
  users,
  budgetNames = ['credit'],
}: Pick<RunHeader, 'users' | 'budgetNames'>): readonly UserBudget[] {
  return users.flatMap((user) => budgetNames.map((budget) => ({ user, budget })));
}

/** The calendar months in UTC from one instant to another, such as `2026-11`; both included. */
export function monthsBetween(sinceMs: number, untilMs: number): readonly string[] {
  const months: string[] = [];
  const last = new Date(untilMs).toISOString().slice(0, 7);
  const at = new Date(sinceMs);
  for (let month = at.getUTCMonth(); ; month += 1) {
    const name = new Date(Date.UTC(at.getUTCFullYear(), month)).toISOString().slice(0, 7);
    if (name > last) return months;
    months.push(name);
  }
}

const NO_BOOKING = (): Booking => ({ nanoUsd: 0n, settlements: 0, isExpired: false });
