/** Booking of what was spent without money set aside for it: an answer that nobody had asked for, a transcript. */
import { tell } from '../call-hooks.ts';
import { payersOf } from '../call-messages.ts';
import { SYSTEM_RUNTIME } from '../runtime.ts';
import type { ConnectionParts } from './connection-parts.ts';
import type { SideCall } from './protocol.ts';

/** Books `cost` on a reservation that never was: money that was spent is always booked, over a limit too. */
export function bookUnreserved(
  { model, cost }: SideCall,
  { meter, options }: Pick<ConnectionParts, 'meter' | 'options'>,
): void {
  const { user } = options;
  const { basis = 'reported', answeredBy, serviceTier } = cost;
  const usage = 'usage' in cost ? cost.usage : {};
  const identity = { reservation: SYSTEM_RUNTIME.newId(), user, model, waitedMs: 0 };
  void meter
    .settle({
      reservation: identity.reservation,
      call: { user, model, ...payersOf(options) },
      usage,
      basis,
      ...(answeredBy === undefined ? {} : { model: answeredBy }),
      ...(serviceTier === undefined ? {} : { serviceTier }),
    })
    .then((settled) => tell(options.onSettled, identity, { ...settled, usage, basis }))
    .catch((error: unknown) => tell(options.onSettleFailed, identity, error));
}
