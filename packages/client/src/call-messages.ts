/** What Bursar's server is told of a call, from what is known of it here. */
import type { ExtendInput, ReserveInput, SettleInput } from '@bursar/api';
import type { CallIdentity } from './call-hooks.ts';
import type { CallTerms, Spent } from './call-terms.ts';
import type { PayingKey } from './http/own-key.ts';
import type { Scopes } from './wrap-options.ts';

/** As options have it: what is not given may be `undefined`. */
interface Payers {
  readonly provider?: string | undefined;
  readonly scopes?: Scopes | undefined;
}

/** Who else is charged, and whose price it is. */
export function payersOf({ provider, scopes }: Payers): Pick<ReserveInput, 'provider' | 'scopes'> {
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(scopes === undefined ? {} : { scopes: writable(scopes) }),
  };
}

function writable(scopes: Scopes): NonNullable<ReserveInput['scopes']> {
  return Object.fromEntries(
    Object.entries(scopes).map(([kind, names]) => [
      kind,
      typeof names === 'string' ? names : [...names],
    ]),
  );
}

/** What is sent to book `spent` for a call of this process. */
export function bookingOf(
  { reservation, user, model }: CallIdentity,
  metering: Payers,
  spent: Spent,
  paidBy?: PayingKey,
): SettleInput {
  const ownKey = paidBy === undefined ? {} : { ownKey: paidBy.id };
  return {
    reservation,
    call: { user, model, ...payersOf(metering), ...ownKey },
    ...settlementOf(spent),
  };
}

/** What `meter.settle` is told of `spent`. */
export function settlementOf({
  usage,
  batch,
  costUsd,
  basis,
  model,
  serviceTier,
  units,
}: Spent): Omit<SettleInput, 'reservation'> {
  const used = batch === undefined ? { usage } : { batch: [...batch] };
  return {
    ...(costUsd === undefined ? used : { costUsd }),
    basis,
    ...(model === undefined ? {} : { model }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(units === undefined ? {} : { units }),
  };
}

/** The bounds of a call, `outputTokensMax` of them as it stands. */
export function estimateOf(
  { inputTokens, choices, audio, longCache, serviceTier, many, otherUnits }: CallTerms,
  outputTokensMax: number | undefined,
): NonNullable<ExtendInput['estimate']> {
  return {
    inputTokens,
    audio,
    ...(longCache ? { longCache } : {}),
    ...(choices > 1 ? { choices } : {}),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...(many === undefined
      ? {}
      : { many: { calls: many.calls, inputTokensMax: many.inputTokensMax } }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(otherUnits === undefined ? {} : { otherUnits }),
  };
}
