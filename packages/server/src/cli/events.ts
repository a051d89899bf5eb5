/** `bursar events …`: what could not be taken into the ledger, and what a person decides about it. */
import { formatUsd } from '@bursar/core';
import type { Replay, Resolution, SetAsideEvent } from '../set-aside/resolution.ts';
import { readStoredEvent } from '../set-aside/stored-event.ts';
import type { SetAsideEvents } from '../stores/postgres/set-aside-events.ts';
import { redactFields, redactText } from '../telemetry/redact.ts';
import { type CliArguments, type CliCommand, UsageError } from './command.ts';
import { withLedger } from './from-config.ts';
import type { Terminal } from './terminal.ts';

const REASONS = ['malformed', 'refused', 'conflict'] as const;
type Reason = (typeof REASONS)[number];

/** Most characters of an event's text, or of a message, that are shown. */
const SHOWN_LENGTH_MAX = 200;

const REASON = {
  value: 'REASON',
  help: `only those that were set aside as: ${REASONS.join(', ')}`,
};
const BY = { value: 'NAME', help: 'who decides (default: the name of the login)' };
const ID = 'the id of the event as `bursar events list` shows it, in quotes';

export const eventsList: CliCommand = {
  name: 'events list',
  summary:
    'Lists events that could not be taken into the ledger: when, reason, state, id, what it says, message.',
  options: {
    all: { help: 'also those that were replayed, accepted or dismissed' },
    reason: REASON,
  },
  async run(given, terminal) {
    const reason = reasonOf(given);
    return withSetAside(terminal, async (setAside) => {
      const isOpen = given['all'] !== 'true';
      for await (const event of setAside.list({ isOpen, reason })) {
        terminal.out(`${lineOf(event)}\n`);
      }
      return 0;
    });
  },
};

export const eventsReplay: CliCommand = {
  name: 'events replay',
  summary:
    'Takes events that were set aside into the ledger after all. Exit code 1 if one still does not go.',
  options: {
    all: { help: 'every event that is open, instead of one' },
    reason: REASON,
    accept: {
      help: 'where another cost was booked first: book the difference as an adjustment of the account',
    },
    by: BY,
  },
  operand: { name: 'ID', help: ID, isOptional: true },
  async run(given, terminal) {
    const { ID: id, all, accept } = given;
    const reason = reasonOf(given);
    if ((id === undefined) === (all === undefined)) throw new UsageError('Give an ID or --all.');
    if (id !== undefined && reason !== undefined) throw new UsageError('--reason goes with --all.');
    const by = nameOf(given, terminal);
    return withSetAside(terminal, async (setAside) => {
      const counts = { booked: 0, stays: 0 };
      for await (const event of eventsIn(setAside, id, reason)) {
        const replay = await (accept === 'true'
          ? setAside.accept(event, by)
          : setAside.replay(event, by));
        counts[isBooked(replay) ? 'booked' : 'stays'] += 1;
        terminal.out(`${[headOf(replay), plain(event.id), saying(replay)].join('\t')}\n`);
      }
      if (id !== undefined && counts.booked + counts.stays === 0) return unknownEvent(id, terminal);
      terminal.out(`${counts.booked} in the ledger, ${counts.stays} not\n`);
      return counts.stays === 0 ? 0 : 1;
    });
  },
};

export const eventsDismiss: CliCommand = {
  name: 'events dismiss',
  summary: 'Marks an event that was set aside as handled without booking it.',
  options: {
    reason: { value: 'TEXT', help: 'why it is not booked; kept with the event', required: true },
    by: BY,
  },
  operand: { name: 'ID', help: ID },
  async run(given, terminal) {
    const { ID: id = '', reason: note = '' } = given;
    const by = nameOf(given, terminal);
    return withSetAside(terminal, async (setAside) => {
      const event = await setAside.dismiss(id, by, note);
      if (event === undefined) return unknownEvent(id, terminal);
      terminal.out(`${plain(event.id)}\t${stateOf(event.resolution)}\n`);
      return event.resolution?.kind === 'dismissed' ? 0 : 1;
    });
  },
};

async function withSetAside(
  terminal: Terminal,
  use: (setAside: SetAsideEvents) => Promise<number>,
): Promise<number> {
  return withLedger(terminal, async ({ setAside }) => {
    if (setAside !== undefined) return use(setAside);
    terminal.err('This store keeps no events.\n');
    return 1;
  });
}

async function* eventsIn(
  setAside: SetAsideEvents,
  id: string | undefined,
  reason: Reason | undefined,
): AsyncGenerator<SetAsideEvent> {
  if (id === undefined) {
    yield* setAside.list({ isOpen: true, reason });
    return;
  }
  const event = await setAside.find(id);
  if (event !== undefined) yield event;
}

function unknownEvent(id: string, terminal: Terminal): number {
  terminal.err(`There is no event with the id ${JSON.stringify(id)}; see: bursar events list\n`);
  return 1;
}

/** Whether what the event says is in the ledger. */
function isBooked(replay: Replay): boolean {
  if (replay.result === 'resolved') return replay.resolution.kind !== 'dismissed';
  return replay.result === 'booked' || replay.result === 'accepted';
}

function headOf(replay: Replay): string {
  return replay.result === 'resolved' ? replay.resolution.kind : replay.result;
}

function saying(replay: Replay): string {
  switch (replay.result) {
    case 'booked':
      return 'is in the ledger';
    case 'accepted':
      return `${formatUsd(replay.difference)} USD booked as an adjustment`;
    case 'conflict':
      return `${formatUsd(replay.booked)} USD was booked first and stays; it says ${formatUsd(replay.reported)} USD. Book the difference with --accept, or dismiss it`;
    case 'refused':
      return `still refused: ${oneLine(replay.why)}`;
    case 'unreadable':
      return `can only be dismissed: ${oneLine(replay.why)}`;
    case 'resolved':
      return stateOf(replay.resolution);
  }
}

function lineOf(event: SetAsideEvent): string {
  const { id, reason, message, resolution, atMs } = event;
  const at = new Date(atMs).toISOString();
  return [at, reason, stateOf(resolution), plain(id), whatOf(event), oneLine(message)].join('\t');
}

/** What the event says, or its text if nobody knows. */
function whatOf({ reason, event }: SetAsideEvent): string {
  const read = reason === 'malformed' ? undefined : readStoredEvent(event);
  if (read === undefined || 'problem' in read) return oneLine(textOf(event));
  const { state, spent, leg } = read.report;
  return oneLine(`${state} at ${formatUsd(spent)} USD on ${leg.account}`);
}

/** An event's text; fields that hold secrets are found by their names where it can be read. */
function textOf(event: string): string {
  try {
    return JSON.stringify(redactFields(JSON.parse(event)));
  } catch {
    return event;
  }
}

function stateOf(resolution: Resolution | null): string {
  if (resolution === null) return 'open';
  const { kind, atMs, by, note } = resolution;
  const why = note === null ? '' : `: ${oneLine(note)}`;
  return `${kind} ${new Date(atMs).toISOString()} by ${oneLine(by)}${why}`;
}

/** `text` without secrets and control characters, on one line, in bounds. */
function oneLine(text: string): string {
  const line = plain(redactText(text));
  return line.length > SHOWN_LENGTH_MAX ? `${line.slice(0, SHOWN_LENGTH_MAX)}…` : line;
}

/** `text` without characters that would move the cursor or hide something. An id must come out whole. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ');
}

function reasonOf({ reason }: CliArguments): Reason | undefined {
  const found = REASONS.find((name) => name === reason);
  if (reason !== undefined && found === undefined) {
    throw new UsageError(`--reason ${JSON.stringify(reason)} is not one of ${REASONS.join(', ')}.`);
  }
  return found;
}

function nameOf({ by }: CliArguments, { environment }: Terminal): string {
  const name = by ?? environment['USER'] ?? environment['LOGNAME'] ?? environment['USERNAME'];
  if (name === undefined) throw new UsageError('--by is missing.');
  return name;
}
