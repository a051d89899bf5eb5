/**
 * The auditor: an outside judge that is simple enough to be trusted at sight.
 *
 * It watches commands and answers go by, recomputes every balance from the ledger entries and the
 * reservations alone, and compares. It shares no code with `transition` and knows none of its states;
 * it may be slow. A finding is a sentence; an honest tier has none.
 */
import type {
  Account,
  AccountId,
  Command,
  LedgerEntry,
  Outcome,
  OutcomeOf,
  ReservationId,
  Tier,
} from '@bursar/core';

/** Watches one tier; `findings` says what does not add up. */
export class Auditor {
  readonly #tier: Tier;
  readonly #accounts = new Set<AccountId>();
  readonly #reservations = new Set<ReservationId>();
  readonly #findings: string[] = [];

  constructor(tier: Tier) {
    this.#tier = tier;
  }

  /** The same tier, watched. */
  watched(): Tier {
    const tier = this.#tier;
    const watch = (command: Command, outcome: Outcome) => this.#watch(command, outcome);
    return {
      name: tier.name,
      async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
        const outcome = await tier.execute(command);
        watch(command, outcome);
        return outcome;
      },
      sweep: (limit) => tier.sweep(limit),
      account: (id) => tier.account(id),
      limit: (budget) => tier.limit(budget),
      reservation: (id) => tier.reservation(id),
      entries: (query) => tier.entries(query),
      nowMs: () => tier.nowMs(),
      close: () => tier.close(),
    };
  }

  /** Everything that does not add up, now that all is quiet. */
  async findings(): Promise<readonly string[]> {
    const found = [...this.#findings];
    const bookedBy = new Map<string, number>();
    const openOn = new Map<AccountId, number>();
    for (const id of this.#reservations) {
      const snapshot = await this.#tier.reservation(id);
      if (snapshot === undefined) {
        found.push(`${id}: a reservation that was answered does not exist`);
        continue;
      }
      for (const account of snapshot.reservation.accounts) {
        this.#accounts.add(account);
        const open =
          snapshot.state === 'reserved' ? Math.max(0, snapshot.amount - snapshot.spent) : 0;
        openOn.set(account, (openOn.get(account) ?? 0) + open);
        bookedBy.set(`${account} ${id}`, snapshot.spent);
      }
    }
    for (const id of this.#accounts) {
      const account = await this.#tier.account(id);
      if (account === undefined) found.push(`${id}: an account that was answered does not exist`);
      else found.push(...judge(account, await this.#entries(id), openOn.get(id) ?? 0, bookedBy));
    }
    return found;
  }

  #watch(command: Command, outcome: Outcome): void {
    if (outcome.outcome !== 'applied') return;
    for (const account of outcome.accounts) {
      this.#accounts.add(account.id);
      const room = (account.limit ?? Number.POSITIVE_INFINITY) + account.granted;
      if (
        command.kind === 'reserve' &&
        !outcome.replayed &&
        command.amount > 0 &&
        account.settled + account.reserved + account.leased > room
      ) {
        this.#findings.push(`${account.id}: admitted above the limit`);
      }
    }
    if ('reservation' in command) this.#reservations.add(command.reservation);
  }

  async #entries(account: AccountId): Promise<readonly LedgerEntry[]> {
    const all: LedgerEntry[] = [];
    for (;;) {
      const page = await this.#tier.entries({ account, limit: 500, before: all.at(-1)?.sequence });
      all.push(...page);
      if (page.length < 500) return all.toReversed();
    }
  }
}

function judge(
  account: Account,
  entries: readonly LedgerEntry[],
  open: number,
  bookedBy: ReadonlyMap<string, number>,
): string[] {
  const found: string[] = [];
  const say = (what: string) => found.push(`${account.id}: ${what}`);
  let settled = 0n;
  let granted = 0n;
  let sequence = 0;
  const byReservation = new Map<string, bigint>();
  const keys = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'grant') granted += BigInt(entry.amount);
    else settled += BigInt(entry.amount);
    if (entry.reservation !== null) {
      const booked = byReservation.get(entry.reservation) ?? 0n;
      byReservation.set(entry.reservation, booked + BigInt(entry.amount));
    }
    if (entry.sequence <= sequence) say(`entry ${entry.sequence} follows entry ${sequence}`);
    sequence = entry.sequence;
    const key = `${entry.reservation} ${entry.kind} ${entry.key}`;
    if (keys.has(key)) say(`two entries for ${key}`);
    keys.add(key);
  }
  if (settled !== BigInt(account.settled))
    say(`settled ${account.settled}, entries say ${settled}`);
  // What the policies grant is no entry: it is part of the account's terms.
  granted += BigInt(account.terms?.granted ?? 0);
  if (granted !== BigInt(account.granted))
    say(`granted ${account.granted}, entries say ${granted}`);
  if (open !== account.reserved) say(`reserved ${account.reserved}, open reservations say ${open}`);
  if (sequence > account.sequence) say(`sequence ${account.sequence}, last entry ${sequence}`);
  for (const sum of [account.settled, account.reserved, account.granted, account.leased]) {
    if (sum < 0 || !Number.isSafeInteger(sum)) say(`a sum is ${sum}`);
  }
  for (const [reservation, booked] of byReservation) {
    const known = bookedBy.get(`${account.id} ${reservation}`);
    if (known !== undefined && BigInt(known) !== booked) {
      say(`${reservation} booked ${known}, entries say ${booked}`);
    }
  }
  return found;
}
