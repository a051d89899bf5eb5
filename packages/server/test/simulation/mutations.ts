/**
 * Things broken on purpose, one at a time. The simulation has to notice each of them within a few hundred
 * histories; one that it does not notice shows that it has gone blind, or that the mechanism is superfluous.
 */
import { type Command, type CopyCommand, type DurationMs, type Outcome } from '@bursar/core';
import type { MemoryAuthority } from '@bursar/testkit';
import type { SimServer } from './sim-server.ts';

/** One thing that is broken: in each server as it starts, or in the authority. */
export interface Mutation {
  readonly name: string;
  /** What should come of it. */
  readonly breaks: string;
  /** Histories that have noticed it before, tried first, where few do. */
  readonly seenAt?: readonly number[];
  readonly server?: (server: SimServer) => void;
  readonly authority?: (authority: MemoryAuthority) => void;
}

/** Changes what reaches the copies of a server. */
function copyCommands(change: (command: CopyCommand) => CopyCommand): (server: SimServer) => void {
  return ({ copies }) => {
    const execute = copies.execute.bind(copies);
    copies.execute = (command) => execute(change(command));
  };
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'acknowledged ends are not written by the process that acknowledged them',
    breaks: 'P2: an acknowledged settlement is lost with Redis',
    server: ({ tier }) => {
      tier.unconfirmed.olderThan = () => [];
    },
  },
  {
    name: 'the journal is not brought home',
    breaks: 'P3: what expires in Redis stays open in the ledger',
    server: ({ copies }) => {
      copies.journal = async () => [];
    },
  },
  {
    name: 'the position moves before the events are in the ledger',
    breaks: 'P2, P3: events between the two are lost with whoever read them',
    authority: (authority) => {
      const ingest = authority.ingest.bind(authority);
      let turn = 0;
      authority.ingest = async (batch) => {
        turn += 1;
        const isLost = turn % 5 === 0;
        return ingest(isLost ? { ...batch, commands: [] } : batch);
      };
    },
  },
  {
    name: 'suspect leases are closed at once',
    breaks: 'P1: what a lost copy still carries is spent again',
    authority: (authority) => {
      authority.closeSuspects = async ({ limit }) => {
        let closed = 0;
        for (const lease of Array.from(authority.books.everyLease())) {
          if (lease.state !== 'suspect' || closed >= limit) continue;
          const account = authority.books.account(lease.account);
          if (account === undefined) continue;
          const { startAtMs, endAtMs } = account;
          const leg = { account: lease.account, period: { id: '', startAtMs, endAtMs } };
          await authority.execute({ kind: 'closeLease', leg, lease: lease.id });
          closed += 1;
        }
        return closed;
      };
    },
  },
  {
    name: 'attestation does not speak of open calls',
    breaks: 'P1: a lease is closed while calls that it covers run',
    server: ({ tier }) => {
      tier.calls.oldestMs = () => undefined;
    },
  },
  {
    name: 'no fence: a store that came back is used as if nothing had happened',
    breaks: 'P1: a copy that went back in time spends again',
    server: ({ copies }) => {
      copies.isFenced = false;
    },
  },
  {
    name: 'a new dataset does not get a new incarnation',
    breaks: 'P1: a lagging replica goes on under the leases of the lost primary',
    authority: (authority) => {
      const begin = authority.begin.bind(authority);
      let first: Promise<number> | undefined;
      authority.begin = (dataset) => (first ??= begin(dataset));
    },
  },
  {
    name: 'the copies are not told what the ledger knows better',
    breaks: 'I5: copies and ledger drift apart',
    authority: (authority) => {
      authority.corrections = async () => [];
    },
  },
  {
    name: 'reservations live for two seconds, however long the call',
    breaks: 'P1: what a running call holds is spent by another',
    server: copyCommands((command) =>
      command.kind === 'reserve' || command.kind === 'extend'
        ? ({ ...command, ttlMs: 2_000, dispatched: false } as CopyCommand)
        : command,
    ),
  },
  {
    name: 'an estimate stays, though the truth arrives',
    breaks: 'P2: a late settlement is not booked',
    authority: (authority) => {
      const skip = (command: Command): boolean =>
        command.kind === 'ingest' &&
        command.state === 'settled' &&
        authority.books.leg(command.leg.account, command.reservation)?.state === 'expired';
      const ingest = authority.ingest.bind(authority);
      authority.ingest = (batch) =>
        ingest({ ...batch, commands: batch.commands.filter((command) => !skip(command)) });
      const executeAll = authority.executeAll.bind(authority);
      authority.executeAll = (commands): Promise<readonly Outcome[]> =>
        executeAll(commands.filter((command) => !skip(command)));
    },
  },
  {
    name: 'a lease grants what was asked for, whatever is left',
    breaks: 'P1: leases add up to more than the limit',
    authority: (authority) => {
      const execute = authority.execute.bind(authority);
      authority.execute = async (command) => {
        const outcome = await execute(command);
        if (command.kind !== 'draw' || outcome.outcome !== 'applied') return outcome;
        const { lease } = outcome as { lease?: { drawn: number } };
        // The holder is told more than was set aside for it.
        if (lease !== undefined) lease.drawn += command.ask.need;
        return outcome;
      };
    },
  },
  {
    name: 'a process counts as dead after two seconds of silence',
    breaks: 'P1: what a stopped server holds is spent by another',
    seenAt: [406, 628, 680],
    authority: (authority) => {
      const deadAfterMs = 2_000 as DurationMs;
      const suspectSilent = authority.suspectSilent.bind(authority);
      authority.suspectSilent = () => suspectSilent({ deadAfterMs });
      const closeSuspects = authority.closeSuspects.bind(authority);
      authority.closeSuspects = (options) => closeSuspects({ ...options, deadAfterMs });
    },
  },
  {
    name: 'a process acknowledges, and gives back, before its journal is home',
    breaks: 'P2: an acknowledged settlement is lost with the process',
    server: (server) => {
      server.onProcessLeases = ({ sync }) => {
        sync.bringHome = async () => {};
      };
    },
  },
];
