/**
 * Bringing an outage home: everything in its book goes to the ledger, and the journal is told that it did.
 *
 * Calls go side by side, in parts of a bounded size. The journal hears of a part only after the ledger has it,
 * so a crash at any moment repeats a part at worst, which changes nothing. What the ledger refuses is set aside
 * for people and holds up nobody.
 */
import { crc32 } from 'node:zlib';
import type { Authority, Clock, HolderId, InstantMs, SetAside, Tier } from '@bursar/core';
import type { Log } from '../telemetry/logger.ts';
import type { AwayEvent } from './away-event.ts';
import type { AwayJournal } from './away-journal.ts';
import { bookEvent, type Refusal } from './book-event.ts';
import type { AwayBook } from './away-book.ts';

/** Calls that are booked side by side. */
const PART_CALLS = 200;

/** Under whose name things are set aside. */
const HOLDER = 'lenient' as HolderId;

/** What bringing home needs. */
export interface HomeBringerOptions {
  readonly tier: Tier;
  readonly book: AwayBook;
  readonly journal: AwayJournal;
  readonly setAside: Authority['setAside'];
  readonly clock: Clock;
  readonly log: Log;
}

/** Brings home what a process let through. */
export class HomeBringer {
  readonly #options: HomeBringerOptions;
  /** What was booked and what was set aside, in all. */
  readonly counts = { booked: 0, setAside: 0 };

  constructor(options: HomeBringerOptions) {
    this.#options = options;
  }

  /** Books what is pending at this moment. Throws what the tier throws when it is away again. */
  async bring(): Promise<void> {
    const pending = this.#options.book.pending();
    for (let from = 0; from < pending.length; from += PART_CALLS) {
      await this.#part(pending.slice(from, from + PART_CALLS));
    }
  }

  /** Sets aside lines of the journal that do not read back. */
  async setUnreadableAside(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const atMs = this.#options.clock.nowMs();
    await this.#setAside(
      lines.map((line) => ({
        id: `${HOLDER} malformed ${crc32(line).toString(16)}`,
        holder: HOLDER,
        reason: 'malformed',
        message: 'The line does not read back.',
        // It may hold anything, also what a database takes for no text.
        event: JSON.stringify(line),
        atMs,
      })),
    );
  }

  async #part(events: readonly AwayEvent[]): Promise<void> {
    const { tier, book, journal, clock, log } = this.#options;
    const nowMs = clock.nowMs();
    const done: AwayEvent[] = [];
    const aside: SetAside[] = [];
    const failures: unknown[] = [];
    await Promise.all(
      events.map(async (event) => {
        try {
          const refusals = await bookEvent(tier, event, nowMs);
          aside.push(...refusals.map((refusal) => asideFor(event, refusal, nowMs)));
          done.push(event);
        } catch (error) {
          failures.push(error);
        }
      }),
    );
    await this.#setAside(aside);
    for (const event of done) book.markBooked(event);
    this.counts.booked += done.length;
    if (done.length > 0) {
      const booked = done.map(({ reservation, number }) => [reservation, number] as const);
      await journal.append({ booked }).catch((error: unknown) => {
        // Then they are booked once more after a crash, which changes nothing.
        log.warn({ error }, 'the journal could not be told what was booked');
      });
    }
    if (failures.length > 0) throw failures[0];
  }

  async #setAside(events: readonly SetAside[]): Promise<void> {
    if (events.length === 0) return;
    this.#options.log.error(
      { events: events.length, reason: events[0]?.reason },
      'events of an outage were set aside',
    );
    await this.#options.setAside(events);
    this.counts.setAside += events.length;
  }
}

/** The event as it is set aside: as the report that may be replayed, where that can be made. */
function asideFor(
  event: AwayEvent,
  { reason, message, report }: Refusal,
  atMs: InstantMs,
): SetAside {
  const { reservation, standing } = event;
  const account = report?.leg.account ?? '';
  return {
    id: `${HOLDER} ${reason} ${reservation} ${account} ${standing.state} ${standing.spent}`,
    holder: HOLDER,
    reason,
    message,
    event: JSON.stringify(report ?? event),
    atMs,
  };
}
