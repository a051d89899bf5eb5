/**
 * From a command to what `run-commands.lua` reads, and the accounts whose keys it will need.
 *
 * Refuses what could not be told from the script's own punctuation: ids with blanks, braces, bars or commas. All
 * that can be wrong with a command is found out here, so that it fails alone; `write-command.ts` only writes.
 */
import {
  type AccountId,
  assert,
  BursarError,
  type CopyCommand,
  LEGS_MAX,
  type LeaseId,
  type InstantMs,
  type LimiterId,
  RATES_MAX,
  type RateHit,
  type ReservationId,
} from '@bursar/core';
import type { Made } from './decode-answer.ts';
import { type PolicyWords, policyWords } from './policy-words.ts';

/** What a reservation was made with, and when, which tells whether it is still the same. */
export interface KnownMade extends Made {
  readonly createdAtMs: InstantMs;
}

/** A command that may be sent. */
export interface EncodedCommand {
  readonly command: CopyCommand;
  /** JSON that it carries; of a reservation all that it is made with. */
  readonly text: string;
  /** What its reservation was made with, if that is known: the answer then says only when that was. */
  readonly made: KnownMade | undefined;
  /** How each limiter that it takes from or charges counts. */
  readonly policies: readonly PolicyWords[];
  /** Accounts that are known to be needed. */
  readonly accounts: readonly AccountId[];
  /** Limiters that are known to be needed. */
  readonly limiters: readonly LimiterId[];
  /** The reservation it is about; `null` for the others. */
  readonly reservation: ReservationId | null;
  /** Whether it may run when Redis is out of memory. */
  readonly allowsOom: boolean;
  /** How many reservations it can change. */
  readonly changes: number;
}

const TENANT = '[a-z0-9][a-z0-9_-]{0,62}';
const ACCOUNT = new RegExp(`^(?:${TENANT})/[A-Za-z0-9_.@%:/-]{1,2000}$`);
const LIMITER = ACCOUNT;
const RESERVATION = new RegExp(
  `^(?:${TENANT})/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`,
);
const LEASE = /^[A-Za-z0-9_.@%:/-]{1,200}$/;
const NO_ACCOUNTS: readonly AccountId[] = [];
const NO_POLICIES: readonly PolicyWords[] = [];

/** `known` is what the caller did not name of the reservation. Throws `id_invalid`. */
export function encodeCommand(
  command: CopyCommand,
  known: Pick<EncodedCommand, 'accounts' | 'limiters' | 'made'>,
  lazyExpiryMax: number,
): EncodedCommand {
  const accounts = unique(accountsOf(command), known.accounts);
  const rates = ratesOf(command);
  const limiters =
    rates.length === 0
      ? known.limiters
      : unique(
          rates.map(({ limiter }) => limiter),
          known.limiters,
        );
  const reservation = 'reservation' in command ? command.reservation : null;
  assertIds(reservation, accounts, limiters);
  assertNumbers(command);
  const policies =
    rates.length === 0 ? NO_POLICIES : rates.map(({ policy }) => policyWords(policy));
  for (const { numbers } of policies) numbers.forEach(assertWhole);
  return {
    command,
    text: textOf(command),
    policies,
    made: known.made,
    accounts,
    limiters,
    reservation,
    allowsOom: allowsOom(command),
    changes: changesOf(command, lazyExpiryMax),
  };
}

function accountsOf(command: CopyCommand): readonly AccountId[] {
  switch (command.kind) {
    case 'reserve': {
      const { accounts } = command;
      const count = accounts.length;
      assert(
        count > 0 && count <= LEGS_MAX && (count === 1 || new Set(accounts).size === count),
        'a reservation has 1 to 16 legs, each on another account',
      );
      return accounts;
    }
    case 'extend':
    case 'settle':
    case 'release':
    case 'expire':
    case 'find':
      // A hint is only a hint.
      return command.accounts?.slice(0, LEGS_MAX) ?? NO_ACCOUNTS;
    case 'correct':
      return command.corrections.map(({ account }) => account);
    default:
      return [command.account];
  }
}

/** In the order of their bytes. */
export function inOrder(accounts: readonly AccountId[]): readonly AccountId[] {
  return accounts.length === 1 ? accounts : accounts.toSorted();
}

function unique<T>(some: readonly T[], more: readonly T[]): readonly T[] {
  if (more.length === 0 && some.length <= 1) return some;
  return [...new Set([...some, ...more])];
}

function textOf(command: CopyCommand): string {
  switch (command.kind) {
    case 'reserve': {
      const { accounts, rates = [], fingerprint, terms } = command;
      const taken = rates
        .map(
          ({ limiter, permits, policy }) =>
            `${limiter} ${permits} ${policy.algorithm === 'concurrency' ? 'c' : '-'}`,
        )
        .join(',');
      return `${inOrder(accounts).join(',')}\n${taken}\n${encodeFingerprint(fingerprint)}\n${JSON.stringify(terms)}`;
    }
    case 'settle':
    case 'release':
      return JSON.stringify(command.detail);
    default:
      return '';
  }
}

function allowsOom(command: CopyCommand): boolean {
  switch (command.kind) {
    case 'reserve':
    case 'prepare':
    case 'install':
    case 'apply':
      return false;
    case 'extend':
      return command.amount === null;
    default:
      return true;
  }
}

function changesOf(command: CopyCommand, lazyExpiryMax: number): number {
  if (command.kind === 'reserve') return 1 + lazyExpiryMax;
  return command.kind === 'sweep' ? command.limit : 1;
}

/** What the command takes from limiters, or charges them. */
export function ratesOf(command: CopyCommand): readonly RateHit[] {
  if (command.kind === 'reserve') return command.rates ?? [];
  return command.kind === 'settle' && command.final ? (command.charges ?? []) : [];
}

function assertNumbers(command: CopyCommand): void {
  for (const { permits } of assertRates(ratesOf(command))) assertWhole(permits);
  switch (command.kind) {
    case 'reserve':
      assertWhole(command.amount);
      assertWhole(command.ttlMs);
      break;
    case 'extend':
      if (command.amount !== null) assertWhole(command.amount);
      assertWhole(command.ttlMs);
      break;
    case 'settle':
      assertWhole(command.cost);
      break;
    case 'sweep':
      assertWhole(command.limit);
      break;
    case 'prepare':
      assertWhole(command.above);
      break;
    case 'install':
      assertLease(command.lease);
      assertWhole(command.ticket);
      assertWhole(command.startAtMs);
      assertWhole(command.endAtMs);
      assertWhole(command.drawn);
      assertWhole(command.sequence);
      break;
    case 'apply':
      assertLease(command.lease);
      assertWhole(command.drawn);
      break;
    case 'recall':
      assertLease(command.lease);
      break;
    case 'correct':
      for (const { lease, spent } of command.corrections) {
        assertLease(lease);
        assertWhole(spent);
      }
      break;
    default:
  }
}

function assertRates(rates: readonly RateHit[]): readonly RateHit[] {
  if (rates.length > 0) {
    assert(
      rates.length <= RATES_MAX &&
        new Set(rates.map(({ limiter }) => limiter)).size === rates.length,
      'a call takes from at most 16 limiters, each once',
    );
  }
  return rates;
}

const HEXADECIMAL = /^[0-9a-f]*$/;

/** As one word of ASCII; what `decodeFingerprint` undoes. Nearly all are digests, which are one already. */
export function encodeFingerprint(fingerprint: string): string {
  return HEXADECIMAL.test(fingerprint) ? fingerprint : encodeURIComponent(fingerprint);
}

function assertWhole(value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'Redis gets whole numbers from 0 to 2^53 − 1');
}

function assertLease(id: LeaseId): void {
  if (!LEASE.test(id)) throw invalid('lease');
}

/** That all of them are ids, and of one tenant. */
function assertIds(
  reservation: ReservationId | null,
  accounts: readonly AccountId[],
  limiters: readonly LimiterId[],
): void {
  for (const account of accounts) if (!ACCOUNT.test(account)) throw invalid('account');
  for (const limiter of limiters) if (!LIMITER.test(limiter)) throw invalid('limiter');
  if (reservation !== null && !RESERVATION.test(reservation)) throw invalid('reservation');
  const first = reservation ?? accounts[0] ?? '';
  const tenant = first.slice(0, first.indexOf('/') + 1);
  const isOther = (id: string): boolean => !id.startsWith(tenant);
  if (accounts.some(isOther) || limiters.some(isOther)) {
    throw new BursarError('id_invalid', {
      field: 'accounts',
      message: 'accounts and limiters of a command must be of the tenant of its reservation',
    });
  }
}

function invalid(field: string): BursarError {
  return new BursarError('id_invalid', {
    field,
    message: `${field} is not an id as Bursar makes them`,
  });
}
