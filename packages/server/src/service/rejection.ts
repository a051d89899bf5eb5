/** Commands that a tier turned away, as errors with a sentence that helps. */
import { BursarError, type RejectionCode } from '@bursar/core';

const MESSAGES: { readonly [C in RejectionCode]: string } = {
  account_not_found: 'The account does not exist; its first reservation or limit opens it.',
  reservation_not_found:
    'This tenant has no reservation with this id; reserve before the call, and settle with the same id.',
  reservation_already_settled:
    'The reservation was settled before, finally and with another outcome, which stays. Make a new id for a new call.',
  reservation_already_released:
    'The reservation was released before. Make a new id for a new call; if this call was made all the same, settle it.',
  lease_superseded: 'A newer lease took the place of this one. Ask again.',
  reservation_expired:
    'The reservation passed its deadline and was ended. Make a new id for a new call; if this call was made, settle it: it is still accepted.',
  idempotency_key_reused:
    'This id was used before for another request, which stays as it was. Make a new id for each call to a model.',
  amount_out_of_range:
    'With this amount the account would hold more than Bursar can count (9007199.25 USD in one period).',
};

/** The error for `code`; `field` is the input at fault. */
export function rejectionError(code: RejectionCode, field: string = fieldOf(code)): BursarError {
  return new BursarError(code, { field, message: MESSAGES[code] });
}

function fieldOf(code: RejectionCode): string {
  return code === 'amount_out_of_range' ? 'amountUsd' : 'reservation';
}
