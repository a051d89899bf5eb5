/** Credit and corrections by people: entries of a budget's ledger with who made them and why. */
import type { BudgetEntryOutput, BursarService, Principal } from '@bursar/api';
import {
  type Account,
  type Amount,
  assert,
  parseUsd,
  type RejectionCode,
  type SignedAmount,
  type Tier,
} from '@bursar/core';
import { budgetViewOf } from './budget-view.ts';
import type { Charges } from './charges.ts';
import { legOf } from './limit-admin.ts';
import { rejectionError } from './rejection.ts';
import { subjectOf } from './subject.ts';

type GrantMessage = Parameters<BursarService['grant']>[1];
type AdjustMessage = Parameters<BursarService['adjust']>[1];

/** Makes entries. The caller's key is the entry's id: repeating it changes nothing. */
export class BudgetEntries {
  readonly #tier: Tier;
  readonly #charges: Charges;
  readonly #onChange: (accounts: readonly Account[]) => void;

  constructor(options: {
    readonly tier: Tier;
    readonly charges: Charges;
    readonly onChange: (accounts: readonly Account[]) => void;
  }) {
    this.#tier = options.tier;
    this.#charges = options.charges;
    this.#onChange = options.onChange;
  }

  /** Adds credit for the present period. */
  grant(principal: Principal, message: GrantMessage): Promise<BudgetEntryOutput> {
    const amount = parseUsd(message.amountUsd, 'amountUsd');
    return this.#make(principal, message, { kind: 'grant', key: message.key, amount });
  }

  /** Corrects what is booked in the present period, up or down but not below zero. */
  adjust(principal: Principal, message: AdjustMessage): Promise<BudgetEntryOutput> {
    const amount = signedUsd(message.amountUsd);
    return this.#make(principal, message, { kind: 'adjust', key: message.key, amount });
  }

  async #make(
    principal: Principal,
    message: GrantMessage | AdjustMessage,
    command: Entry,
  ): Promise<BudgetEntryOutput> {
    await this.#charges.ready;
    const { scope, name } = subjectOf(message);
    const nowMs = await this.#tier.nowMs();
    const leg = legOf(this.#charges.budgetOf(principal.tenant, scope, name, nowMs));
    const detail = { by: principal.tokenId, reason: message.reason };
    const outcome = await this.#tier.execute({ ...command, leg, detail });
    if (outcome.outcome === 'rejected') throw rejectionError(outcome.code, fieldOf(outcome.code));
    this.#onChange(outcome.accounts);
    const [account] = outcome.accounts;
    assert(account !== undefined, 'an entry is answered with its account');
    return { replayed: outcome.replayed, budget: budgetViewOf(account) };
  }
}

type Entry =
  | { readonly kind: 'grant'; readonly key: string; readonly amount: Amount }
  | { readonly kind: 'adjust'; readonly key: string; readonly amount: SignedAmount };

function fieldOf(code: RejectionCode): string {
  return code === 'idempotency_key_reused' ? 'key' : 'amountUsd';
}

function signedUsd(text: string): SignedAmount {
  if (!text.startsWith('-')) return parseUsd(text, 'amountUsd');
  return (0 - parseUsd(text.slice(1), 'amountUsd')) as SignedAmount;
}
