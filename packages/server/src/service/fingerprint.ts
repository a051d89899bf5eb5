/**
 * Fingerprints: which requests are the same request.
 *
 * The digest is over what the caller asked, in canonical form, and not over what it was priced at: a retry
 * after a price change is still a retry. `"5"` and `"5.00"` are the same amount and so the same request.
 */
import { hash } from 'node:crypto';
import type { BursarService } from '@bursar/api';
import { type Fingerprint, OTHER_CLASSES, parseUsd } from '@bursar/core';

/** A parsed `meter.reserve` message. */
export type ReserveMessage = Parameters<BursarService['reserve']>[1];

/** SHA-256 of the message, in hexadecimal. */
export function fingerprintOf(message: ReserveMessage): Fingerprint {
  const { user, provider, model, scopes, estimate, amountUsd, clamp, ttlMs } = message;
  const { mayUseOwnKey = false, anonymous = false } = message;
  const canonical = [
    'reserve',
    user,
    provider ?? null,
    model,
    estimate === undefined
      ? null
      : [
          estimate.inputTokens,
          estimate.outputTokensMax ?? null,
          estimate.audio ?? false,
          estimate.longCache ?? false,
          estimate.serviceTier ?? 'standard',
          ...(estimate.choices === 1 ? [] : [estimate.choices]),
          ...(estimate.many === undefined
            ? []
            : [[estimate.many.calls, estimate.many.inputTokensMax]]),
          ...(estimate.otherUnits === undefined ? [] : [canonicalUnits(estimate.otherUnits)]),
        ],
    amountUsd === undefined ? null : parseUsd(amountUsd, 'amountUsd'),
    ttlMs ?? null,
    ...(clamp === undefined ? [] : [clamp.outputTokensMin]),
    ...(scopes === undefined ? [] : [canonicalScopes(scopes)]),
    ...(mayUseOwnKey ? ['own key'] : []),
    ...(anonymous ? ['anonymous'] : []),
  ];
  return hash('sha256', JSON.stringify(canonical), 'hex') as Fingerprint;
}

/** In the order of the classes, whatever that of the message. */
function canonicalUnits(
  units: NonNullable<NonNullable<ReserveMessage['estimate']>['otherUnits']>,
): readonly (readonly [string, number])[] {
  return OTHER_CLASSES.flatMap((name) => {
    const count = units[name];
    return count === undefined ? [] : [[name, count] as const];
  });
}

/** In an order of their own: who lists the same teams in another one asks for the same. */
function canonicalScopes(scopes: NonNullable<ReserveMessage['scopes']>): readonly string[] {
  return Object.entries(scopes)
    .flatMap(([kind, names]) => [names].flat().map((name) => `${kind}:${name}`))
    .toSorted();
}
