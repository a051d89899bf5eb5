/**
 * Signing in: one caller's header and address become a principal, or the reason why not.
 *
 * A blocked address still gets in with a token that has signed in here before: behind one proxy, somebody's
 * wrong token must not lock out everybody else. Everything else from it is turned away without a lookup.
 */
import type { Principal, RequestContext } from '@bursar/api';
import { LRUCache } from 'lru-cache';
import type { Log } from '../telemetry/logger.ts';
import type { FailedSignIns } from './failed-sign-ins.ts';
import type { TokenVerifier } from './token-verifier.ts';

const KNOWN_TOKENS_MAX = 10_000;
/** Longer than any token can be; a longer header is refused unread. */
const TOKEN_LENGTH_MAX = 512;

/** Verifies callers and counts those that fail. */
export class SignIn {
  readonly #verifier: TokenVerifier;
  readonly #failures: FailedSignIns;
  readonly #log: Log;
  readonly #knownIds = new LRUCache<string, true>({ max: KNOWN_TOKENS_MAX });

  constructor(verifier: TokenVerifier, failures: FailedSignIns, log: Log) {
    this.#verifier = verifier;
    this.#failures = failures;
    this.#log = log;
  }

  /** Who sends `authorization` from `address`. Throws what the token store throws. */
  async verify(
    authorization: string | undefined,
    address: string,
  ): Promise<RequestContext['principal']> {
    const token = bearerOf(authorization);
    // Sending nothing is no attempt to guess.
    if (token === undefined)
      return authorization === undefined ? 'unauthorized' : this.#fail(address);
    const isBlocked = this.#failures.isBlocked(address);
    if (isBlocked && !this.#isKnown(token)) return 'too_many_requests';
    const principal = await this.#verifier.verify(token);
    if (principal === undefined) return this.#fail(address, this.#verifier.idOf(token));
    this.#remember(principal, token);
    return principal;
  }

  /** Whether `authorization` is still good; for streams that are open. Counts nothing. */
  async isStillGood(authorization: string): Promise<boolean> {
    const token = bearerOf(authorization);
    return token !== undefined && (await this.#verifier.verify(token)) !== undefined;
  }

  #fail(address: string, tokenId?: string): 'unauthorized' | 'too_many_requests' {
    if (this.#failures.isBlocked(address)) return 'too_many_requests';
    this.#failures.count(address);
    // At most as many lines for an address as failures until it is blocked.
    this.#log.info({ address, tokenId }, 'a sign-in failed');
    if (this.#failures.isBlocked(address)) {
      this.#log.warn({ address }, 'too many sign-ins failed; this address is blocked for a minute');
    }
    return 'unauthorized';
  }

  #isKnown(token: string): boolean {
    return this.#knownIds.has(this.#verifier.idOf(token) ?? 'bootstrap');
  }

  #remember(principal: Principal, token: string): void {
    this.#knownIds.set(this.#verifier.idOf(token) ?? principal.tokenId, true);
  }
}

function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length > TOKEN_LENGTH_MAX) return undefined;
  return /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1];
}
