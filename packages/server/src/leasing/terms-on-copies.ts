/**
 * Keeping copies on the terms of the policies: a call that brings along newer ones than its copy was told of
 * has the authority set them, and the copy recalled or refreshed, before it is decided.
 *
 * What an account was last seen on is remembered, so that a call whose terms are known asks nobody. Terms that
 * come to the same are told behind the call's back: only their version is new.
 */
import {
  type AccountId,
  type AccountTerms,
  areSameTerms,
  type Copy,
  isNewerTerms,
  type LegAccount,
  type Rejected,
  type Tier,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';
import type { Log } from '../telemetry/logger.ts';
import { isAway } from './away.ts';
import type { CopiesGate } from './copies-gate.ts';
import type { LeaseDesk } from './lease-desk.ts';

/** Most accounts of which it is remembered which terms they are on. */
const SEEN_MAX = 50_000;

type LegWithTerms = LegAccount & { readonly terms: AccountTerms };

/** Puts copies on newer terms. */
export class TermsOnCopies {
  readonly #gate: CopiesGate;
  readonly #desk: LeaseDesk;
  /** Sets terms, and asks back what others may hold too much of. */
  readonly #below: Pick<Tier, 'execute'>;
  readonly #log: Log;
  readonly #seen: LRUCache<AccountId, AccountTerms>;
  readonly #running = new Map<string, Promise<Rejected | undefined>>();
  #isStale = 0;

  constructor(options: {
    readonly gate: CopiesGate;
    readonly desk: LeaseDesk;
    readonly below: Pick<Tier, 'execute'>;
    readonly log: Log;
    readonly seenMax?: number | undefined;
  }) {
    this.#gate = options.gate;
    this.#desk = options.desk;
    this.#below = options.below;
    this.#log = options.log;
    this.#seen = new LRUCache({ max: options.seenMax ?? SEEN_MAX });
  }

  /** How often a copy was put on other terms. */
  get count(): number {
    return this.#isStale;
  }

  /**
   * Nothing if the copies of `legs` are on terms as new as theirs, as far as this process knows; else a promise
   * that they are, or of the reason why they cannot be. While the authority is away they stay on the last ones.
   */
  catchUp(legs: readonly LegAccount[]): Promise<Rejected | undefined> | undefined {
    const behind: LegWithTerms[] = [];
    for (const leg of legs) {
      const { account, terms } = leg;
      if (terms === undefined) continue;
      const seen = this.#seen.get(account);
      if (!isNewerTerms(terms, seen)) continue;
      if (seen === undefined || !areSameTerms(terms, seen)) {
        behind.push({ ...leg, terms });
        continue;
      }
      this.#seen.set(account, terms);
      this.#put({ ...leg, terms }).catch((error: unknown) => {
        this.#log.debug({ error }, 'a copy was not told of a new version of its terms');
      });
    }
    if (behind.length === 0) return undefined;
    return Promise.all(behind.map((leg) => this.#put(leg))).then((rejections) =>
      rejections.find((rejection) => rejection !== undefined),
    );
  }

  /** Remembers which terms `copies` are on. */
  note(copies: readonly Copy[]): void {
    for (const { account, elsewhere } of copies) {
      const { terms } = elsewhere;
      const seen = this.#seen.get(account);
      if (terms !== undefined && isNewerTerms(terms, seen)) this.#seen.set(account, terms);
      // A store that has lost its last commits, or a draw that was slower: whoever comes next tells it again.
      else if (seen !== undefined && (terms === undefined || isNewerTerms(seen, terms))) {
        this.#seen.delete(account);
      }
    }
  }

  #put(leg: LegWithTerms): Promise<Rejected | undefined> {
    const key = `${leg.account} ${leg.terms.version} ${leg.terms.sinceMs}`;
    const running =
      this.#running.get(key) ?? this.#putNow(leg).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }

  async #putNow(leg: LegWithTerms): Promise<Rejected | undefined> {
    const { account, terms } = leg;
    try {
      const read = await this.#gate.execute({ kind: 'read', account });
      // Where there is no copy, the lease that it will stand on is opened with the terms.
      if (read.answer !== 'copy' || read.copy === null) return undefined;
      const known = read.copy.elsewhere.terms;
      if (known === undefined || isNewerTerms(terms, known)) {
        this.#isStale += 1;
        const outcome = await this.#below.execute({ kind: 'setTerms', leg, terms });
        if (outcome.outcome === 'rejected') return outcome;
        const [whole] = outcome.accounts;
        if (whole !== undefined) await this.#desk.refresh(leg, whole);
      }
      this.#seen.set(account, terms);
      return undefined;
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#log.debug({ error }, 'a copy stays on its terms until it can be told of others');
      return undefined;
    }
  }
}
