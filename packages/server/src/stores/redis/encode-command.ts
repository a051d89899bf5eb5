/**
 * From a command to the words that `run-commands.lua` reads, and the accounts whose keys it will need.
 *
 * Refuses what could not be told from the script's own punctuation: ids with blanks, braces, bars or commas.
 */
import {
  type AccountId,
  type Amount,
  assert,
  BursarError,
  type CopyCommand,
  type Elsewhere,
  LEGS_MAX,
  type LimiterId,
  RATES_MAX,
  type RateHit,
  type ReservationId,
} from '@bursar/core';

/** A command as it travels. */
export interface EncodedCommand {
  readonly words: readonly string[];
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
const ACCOUNT = new RegExp(`^(${TENANT})/[A-Za-z0-9_.@%:/-]{1,2000}$`);
const LIMITER = new RegExp(`^(${TENANT})/[A-Za-z0-9_.@%:/-]{1,2000}$`);
const RESERVATION = new RegExp(
  `^(${TENANT})/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`,
);
const LEASE = /^[A-Za-z0-9_.@%:/-]{1,200}$/;

/** `known` are accounts, and limiters, of the reservation that the caller did not name. Throws `id_invalid`. */
export function encodeCommand(
  command: CopyCommand,
  known: Pick<EncodedCommand, 'accounts' | 'limiters'>,
  lazyExpiryMax: number,
): EncodedCommand {
  const parts = partsOf(command, lazyExpiryMax);
  const accounts = [...new Set([...parts.accounts, ...known.accounts])];
  const limiters = [
    ...new Set([...ratesOf(command).map(({ limiter }) => limiter), ...known.limiters]),
  ];
  const tenants = accounts.map((account) => match(ACCOUNT, account, 'account'));
  for (const limiter of limiters) tenants.push(match(LIMITER, limiter, 'limiter'));
  const reservation = 'reservation' in command ? command.reservation : null;
  if (reservation !== null) tenants.push(match(RESERVATION, reservation, 'reservation'));
  if (new Set(tenants).size > 1) {
    throw new BursarError('id_invalid', {
      field: 'accounts',
      message: 'accounts and limiters of a command must be of the tenant of its reservation',
    });
  }
  return {
    words: [command.kind, ...parts.words],
    accounts,
    limiters,
    reservation,
    allowsOom: parts.allowsOom,
    changes: parts.changes,
  };
}

interface Parts {
  readonly words: readonly string[];
  readonly accounts: readonly AccountId[];
  readonly allowsOom: boolean;
  readonly changes: number;
}

function partsOf(command: CopyCommand, lazyExpiryMax: number): Parts {
  switch (command.kind) {
    case 'reserve': {
      const accounts = command.accounts.toSorted();
      assert(
        accounts.length > 0 &&
          accounts.length <= LEGS_MAX &&
          new Set(accounts).size === accounts.length,
        'a reservation has 1 to 16 legs, each on another account',
      );
      return {
        words: [
          command.reservation,
          encodeFingerprint(command.fingerprint),
          decimal(command.amount),
          decimal(command.ttlMs),
          JSON.stringify(command.terms),
          ...accounts,
          ...encodeRates(command.rates, ['']),
        ],
        accounts,
        allowsOom: false,
        changes: 1 + lazyExpiryMax,
      };
    }
    case 'extend':
      return {
        words: [
          command.reservation,
          command.amount === null ? '' : decimal(command.amount),
          decimal(command.ttlMs),
          flag(command.dispatched),
        ],
        accounts: hinted(command.accounts),
        allowsOom: command.amount === null,
        changes: 1,
      };
    case 'settle':
      return {
        words: [
          command.reservation,
          decimal(command.cost),
          flag(command.final),
          JSON.stringify(command.detail),
          ...(command.final ? encodeRates(command.charges, []) : []),
        ],
        accounts: hinted(command.accounts),
        allowsOom: true,
        changes: 1,
      };
    case 'release':
      return {
        words: [command.reservation, JSON.stringify(command.detail)],
        accounts: hinted(command.accounts),
        allowsOom: true,
        changes: 1,
      };
    case 'expire':
    case 'find':
      return {
        words: [command.reservation],
        accounts: hinted(command.accounts),
        allowsOom: true,
        changes: 1,
      };
    case 'sweep':
      return about(command.account, [decimal(command.limit)], true, command.limit);
    case 'prepare':
      return about(command.account, [decimal(command.above)], false, 1);
    case 'install':
      return about(
        command.account,
        [
          decimal(command.ticket),
          lease(command.lease),
          decimal(command.startAtMs),
          decimal(command.endAtMs),
          decimal(command.drawn),
          decimal(command.sequence),
          encodeElsewhere(command.elsewhere),
        ],
        false,
        1,
      );
    case 'apply':
      return about(
        command.account,
        [lease(command.lease), decimal(command.drawn), encodeElsewhere(command.elsewhere)],
        false,
        1,
      );
    case 'recall':
      return about(command.account, [lease(command.lease), flag(command.retire)], true, 1);
    case 'correct':
      return {
        words: [
          command.reservation,
          ...command.corrections.flatMap((correction) => [
            correction.account,
            lease(correction.lease),
            correction.state.charAt(0),
            decimal(correction.spent),
          ]),
        ],
        accounts: command.corrections.map(({ account }) => account),
        allowsOom: true,
        changes: 1,
      };
    case 'read':
      return about(command.account, [], true, 1);
  }
}

function about(
  account: AccountId,
  words: readonly string[],
  allowsOom: boolean,
  changes: number,
): Parts {
  return { words: [account, ...words], accounts: [account], allowsOom, changes };
}

/** What the command takes from limiters, or charges them. */
function ratesOf(command: CopyCommand): readonly RateHit[] {
  switch (command.kind) {
    case 'reserve':
      return command.rates ?? [];
    case 'settle':
      return command.charges ?? [];
    default:
      return [];
  }
}

/** Three words for each, after `before`; nothing at all if there are none. */
function encodeRates(
  rates: readonly RateHit[] = [],
  before: readonly string[] = [],
): readonly string[] {
  if (rates.length === 0) return [];
  assert(
    rates.length <= RATES_MAX && new Set(rates.map(({ limiter }) => limiter)).size === rates.length,
    'a call takes from at most 16 limiters, each once',
  );
  return [
    ...before,
    ...rates.flatMap(({ limiter, policy, permits }) => [
      limiter,
      encodePolicy(policy),
      decimal(permits),
    ]),
  ];
}

/** As one word: a letter for the algorithm, its limit, and its rate or window. */
function encodePolicy(policy: RateHit['policy']): string {
  switch (policy.algorithm) {
    case 'token-bucket':
      return `t ${decimal(policy.capacity)} ${decimal(policy.refillPermits)} ${decimal(policy.refillEveryMs)}`;
    case 'gcra':
      return `g ${decimal(policy.burst)} ${decimal(policy.limit)} ${decimal(policy.windowMs)}`;
    case 'fixed-window':
      return `f ${decimal(policy.limit)} ${decimal(policy.windowMs)}`;
    case 'sliding-window-counter':
      return `s ${decimal(policy.limit)} ${decimal(policy.windowMs)}`;
    case 'sliding-window-log':
      return `l ${decimal(policy.limit)} ${decimal(policy.windowMs)}`;
    case 'concurrency':
      return `c ${decimal(policy.limit)}`;
  }
}

/** A hint is only a hint. */
function hinted(accounts: readonly AccountId[] | undefined): readonly AccountId[] {
  return accounts?.slice(0, LEGS_MAX) ?? [];
}

/** As one word; what `decodeFingerprint` undoes. */
function encodeFingerprint(fingerprint: string): string {
  return encodeURIComponent(fingerprint);
}

/**
 * As one word, of which the scripts read the sums: `limit granted settled reserved leased`, `-` for no limit, and
 * behind it, if there are terms, `limit granted enforced version since`.
 */
export function encodeElsewhere(elsewhere: Elsewhere): string {
  const { limit, granted, settled, reserved, leased, terms } = elsewhere;
  const sums = [limit ?? '-', granted, settled, reserved, leased];
  if (terms === undefined) return sums.join(' ');
  const { isEnforced, version, sinceMs } = terms;
  return [...sums, terms.limit ?? '-', terms.granted, flag(isEnforced), version, sinceMs].join(' ');
}

function decimal(value: Amount | number): string {
  assert(Number.isSafeInteger(value) && value >= 0, 'Redis gets whole numbers from 0 to 2^53 − 1');
  return String(value);
}

function flag(value: boolean): string {
  return value ? '1' : '0';
}

function lease(id: string): string {
  if (!LEASE.test(id)) throw invalid('lease');
  return id;
}

function match(pattern: RegExp, id: string, field: string): string {
  const [, tenant] = pattern.exec(id) ?? [];
  if (tenant === undefined) throw invalid(field);
  return tenant;
}

function invalid(field: string): BursarError {
  return new BursarError('id_invalid', {
    field,
    message: `${field} is not an id as Bursar makes them`,
  });
}
