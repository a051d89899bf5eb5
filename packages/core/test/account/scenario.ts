/**
 * Scenario tables: one command and its expected answer per line, balances where they matter.
 *
 * Readable without knowing TypeScript. Columns: command, arguments, `->`, answer. Lines:
 * `reserve r1 50 -> ok` · `extend r1 80` · `mark r1` (dispatched) · `settle r1 30` · `part r1 10` (running total) ·
 * `release r1` · `expire r1` · `ingest r1 settled 30` · `limit 100|none` · `grant key 10` · `adjust key -5` ·
 * `wait 5s` · `= settled 30 reserved 0` (the account as it must be now). Reservations live 10 s unless extended.
 */
import {
  type Account,
  accountId,
  type AccountCommand,
  type Amount,
  available,
  budgetId,
  DIRECT,
  type InstantMs,
  type Leg,
  type LedgerEntry,
  MONTHLY_UTC,
  openAccount,
  periodAt,
  reservationId,
  type SignedAmount,
  type TenantId,
  transition,
} from '@bursar/core';
import { expect } from 'vitest';

const NOON = Date.UTC(2026, 10, 15, 12) as InstantMs;
const TENANT = 'acme' as TenantId;
const LIFE_MS = 10_000;

/** Plays `table` on an account with the limit 100; every line must be answered as it says. */
export function play(table: string): void {
  const period = periodAt(MONTHLY_UTC, NOON);
  const id = accountId(budgetId(TENANT, { kind: 'user', name: 'alice' }), period);
  let account: Account = openAccount(id, period, 100 as Amount);
  let nowMs = NOON;
  const legs = new Map<string, Leg>();
  const entries: LedgerEntry[] = [];
  for (const line of table.split('\n').map((text) => text.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [question = '', expected = 'ok'] = line.split('->').map((part) => part.trim());
    const [verb = '', ...args] = question.split(/\s+/);
    if (verb === 'wait') {
      nowMs = (nowMs + Number.parseFloat(args[0] ?? '') * 1_000) as InstantMs;
      continue;
    }
    if (verb === '=') {
      expect(balances(account, args), line).toBe(args.join(' '));
      continue;
    }
    const command = parse(verb, args, nowMs);
    const name = args[0] ?? '';
    const entry = entries.find(({ key, kind }) => kind === command.kind && key === name);
    const step = transition({ account, leg: legs.get(name), entry }, command, nowMs);
    expect(answerOf(step.outcome), line).toBe(expected);
    if (step.outcome.outcome !== 'applied') expect(step.account, line).toBe(account);
    account = step.account;
    if (step.leg !== undefined) legs.set(name, step.leg);
    entries.push(...step.entries);
  }
}

function answerOf(outcome: ReturnType<typeof transition>['outcome']): string {
  switch (outcome.outcome) {
    case 'applied': {
      const facts = [
        outcome.conflict ? 'conflict' : outcome.replayed ? 'again' : 'ok',
        ...(outcome.late ? ['late'] : []),
        ...(outcome.overage > 0 ? [`over ${outcome.overage}`] : []),
      ];
      return facts.join(' ');
    }
    case 'denied':
      return `missing ${outcome.missing}`;
    case 'rejected':
      return outcome.code;
    case 'period_mismatch':
      return 'period_mismatch';
  }
}

function balances(account: Account, names: readonly string[]): string {
  const sums: Record<string, number | null> = {
    limit: account.limit,
    settled: account.settled,
    reserved: account.reserved,
    granted: account.granted,
    available: available(account),
    sequence: account.sequence,
  };
  return names
    .map((name, index) => (index % 2 === 0 ? name : String(sums[names[index - 1] ?? ''])))
    .join(' ');
}

function parse(verb: string, args: readonly string[], nowMs: InstantMs): AccountCommand {
  const [name = '', value = ''] = args;
  const number = Number(value) as Amount;
  const deadlineAtMs = (nowMs + LIFE_MS) as InstantMs;
  const reservation = () =>
    reservationId(TENANT, `019a0000-0000-7000-8000-${name.slice(1).padStart(12, '0')}`);
  switch (verb) {
    case 'reserve':
      return { kind: 'reserve', reservation: reservation(), amount: number, deadlineAtMs };
    case 'extend':
      return {
        kind: 'extend',
        reservation: reservation(),
        amount: number,
        deadlineAtMs,
        dispatched: false,
      };
    case 'mark':
      return {
        kind: 'extend',
        reservation: reservation(),
        amount: null,
        deadlineAtMs,
        dispatched: true,
      };
    case 'settle':
    case 'part':
      return {
        kind: 'settle',
        reservation: reservation(),
        cost: number,
        final: verb === 'settle',
        detail: null,
      };
    case 'release':
      return { kind: 'release', reservation: reservation(), detail: null };
    case 'expire':
      return { kind: 'expire', reservation: reservation() };
    case 'ingest':
      return {
        kind: 'ingest',
        reservation: reservation(),
        state: value as 'settled' | 'released' | 'expired',
        lease: DIRECT,
        spent: Number(args[2]) as Amount,
        detail: null,
      };
    case 'limit':
      return {
        kind: 'setLimit',
        limit: name === 'none' ? null : (Number(name) as Amount),
        detail: null,
      };
    case 'grant':
      return { kind: 'grant', key: name, amount: number, detail: null };
    case 'adjust':
      return { kind: 'adjust', key: name, amount: Number(value) as SignedAmount, detail: null };
    default:
      throw new Error(`no such verb: ${verb}`);
  }
}
