/**
 * Taking in: reports about calls, from journals and from this process, into the ledger.
 *
 * A report that the ledger refuses must not hold up those behind it, nor vanish: it is found by halving and
 * set aside with its reason, for people. A store that is away is no refusal; then everything is tried again.
 */
import { createHash } from 'node:crypto';
import {
  type Authority,
  type Clock,
  EXECUTE_ALL_MAX,
  type HolderId,
  type Ingest,
  type JournalEvent,
  type MalformedEvent,
  type Outcome,
  type SetAside,
} from '@bursar/core';
import { isAway } from '../leasing/away.ts';
import { reportsOfEvent } from '../leasing/reports.ts';
import type { Log } from '../telemetry/logger.ts';

/** What taking in came to. */
export interface Taken {
  readonly setAside: number;
  /** Whether the ledger had heard of something before, so that copies may have to be told. */
  readonly mayBeKnownBetter: boolean;
}

/** Sends commands in one transaction. */
type Send = (commands: readonly Ingest[]) => Promise<readonly Outcome[]>;

/** A command, and what was answered to it or why it was refused. */
interface Answered {
  readonly command: Ingest;
  readonly outcome?: Outcome;
  readonly refusal?: string;
}

/** Takes reports in, and sets aside what cannot be. */
export class Intake {
  readonly #authority: Pick<Authority, 'executeAll' | 'setAside'>;
  readonly #holder: HolderId;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: {
    readonly authority: Pick<Authority, 'executeAll' | 'setAside'>;
    readonly holder: HolderId;
    readonly time: Clock;
    readonly log: Log;
  }) {
    this.#authority = options.authority;
    this.#holder = options.holder;
    this.#clock = options.time;
    this.#log = options.log;
  }

  /** A page of a journal. `sendLast` sends the last part and moves the position with it. */
  async events(page: readonly (JournalEvent | MalformedEvent)[], sendLast: Send): Promise<Taken> {
    const malformed = page.flatMap((event) => ('malformed' in event ? [event] : []));
    const commands = page.flatMap((event) => ('malformed' in event ? [] : reportsOfEvent(event)));
    const aside = malformed.map(({ position, malformed: text }) =>
      this.#aside(
        `${position} ${digestOf(text)}`,
        'malformed',
        'The event does not read back.',
        text,
      ),
    );
    return this.#take(commands, sendLast, aside);
  }

  /** What this process has acknowledged itself. */
  reports(commands: readonly Ingest[]): Promise<Taken> {
    return this.#take(commands, (part) => this.#authority.executeAll(part), []);
  }

  async #take(
    commands: readonly Ingest[],
    sendLast: Send,
    malformed: readonly SetAside[],
  ): Promise<Taken> {
    const answers = await this.#send(commands, sendLast);
    const aside = [...malformed, ...answers.flatMap((answered) => this.#asideFor(answered))];
    if (aside.length > 0) {
      this.#log.error({ events: aside.length, reason: aside[0]?.reason }, 'events were set aside');
      await this.#authority.setAside(aside);
    }
    const mayBeKnownBetter = answers.some(
      ({ outcome }) => outcome?.outcome === 'applied' && outcome.replayed,
    );
    return { setAside: aside.length, mayBeKnownBetter };
  }

  /** Sends everything, in as many transactions as it needs. */
  async #send(commands: readonly Ingest[], sendLast: Send): Promise<readonly Answered[]> {
    const send: Send = (part) => this.#authority.executeAll(part);
    const answers: Answered[] = [];
    let from = 0;
    for (; from + EXECUTE_ALL_MAX < commands.length; from += EXECUTE_ALL_MAX) {
      answers.push(...(await halving(commands.slice(from, from + EXECUTE_ALL_MAX), send)));
    }
    const last = commands.slice(from);
    try {
      answers.push(...answered(last, await sendLast(last)));
    } catch (error) {
      if (isAway(error)) throw error;
      answers.push(...(await halving(last, send)));
      // The rest is in, and what is not will be set aside: now the position may pass.
      await sendLast([]);
    }
    return answers;
  }

  #asideFor({ command, outcome, refusal }: Answered): readonly SetAside[] {
    // Nearly all of them.
    if (outcome?.outcome === 'applied' && !outcome.conflict) return [];
    const { reservation, leg, state, spent } = command;
    // What it says is part of its name: of two truths about one call that cannot be booked, both are kept.
    const id = `${reservation} ${leg.account} ${state} ${spent}`;
    const event = JSON.stringify(command);
    if (outcome === undefined) return [this.#aside(id, 'refused', refusal ?? '', event)];
    if (outcome.outcome !== 'applied') {
      const message = `The ledger answered ${JSON.stringify(outcome).slice(0, 400)}.`;
      return [this.#aside(id, 'refused', message, event)];
    }
    const message = 'Another cost was booked for this call before; the first stays.';
    return [this.#aside(id, 'conflict', message, event)];
  }

  #aside(id: string, reason: SetAside['reason'], message: string, event: string): SetAside {
    const atMs = this.#clock.nowMs();
    return {
      id: `${this.#holder} ${reason} ${id}`,
      holder: this.#holder,
      reason,
      message,
      event,
      atMs,
    };
  }
}

/** Tells events of one position apart: an entry of a journal holds many. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Sends commands together; when one of them is refused, each half on its own, until it stands alone. */
async function halving(commands: readonly Ingest[], send: Send): Promise<readonly Answered[]> {
  if (commands.length === 0) return [];
  try {
    return answered(commands, await send(commands));
  } catch (error) {
    if (isAway(error)) throw error;
    const [only] = commands;
    if (commands.length === 1 && only !== undefined) {
      return [{ command: only, refusal: String((error as Error).message).slice(0, 500) }];
    }
    const middle = Math.ceil(commands.length / 2);
    const first = await halving(commands.slice(0, middle), send);
    return [...first, ...(await halving(commands.slice(middle), send))];
  }
}

function answered(commands: readonly Ingest[], outcomes: readonly Outcome[]): readonly Answered[] {
  return commands.flatMap((command, index) => {
    const outcome = outcomes[index];
    return outcome === undefined ? [] : [{ command, outcome }];
  });
}
