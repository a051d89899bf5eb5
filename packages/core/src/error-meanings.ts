/**
 * What each error code means, for the documentation. Apart from the codes themselves, because clients carry those
 * and have no use for these.
 */
import type { ErrorCode } from './errors.ts';

/** What happened and what to do, in one sentence. */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  input_invalid: 'A field is missing, unknown or malformed; `field` names it.',
  amount_out_of_range: 'An amount is not a whole number of nano-USD from 0 to 2^53 − 1.',
  id_invalid: 'An id is empty, too long, not well-formed Unicode, or of the wrong shape.',
  period_invalid: 'The period rule or instant is outside what Bursar can compute.',
  policy_invalid: 'A policy is malformed, or contradicts another; `field` names it.',
  policy_conflict:
    'The policies were changed since they were read; read them again and make the change there.',
  unauthorized: 'The token is missing, unknown or revoked.',
  forbidden: 'The token is valid but lacks the scope that the procedure needs.',
  account_not_found:
    'The account does not exist; accounts are opened by their first reservation or limit.',
  reservation_not_found: 'No reservation with this id exists for this tenant.',
  own_key_not_found:
    'The user has no key of their own at this provider that can pay: none is registered, or the provider rejected it.',
  route_not_found: 'The server has no such route or procedure.',
  reservation_already_settled:
    'The reservation was settled already, with another cost or before this command; the first stays.',
  reservation_already_released: 'The reservation was released and can no longer be extended.',
  reservation_expired:
    'The reservation passed its deadline and was ended; it can still be settled, not extended.',
  lease_superseded:
    'A newer lease took the place of this one while it was asked for; only tiers see this, among themselves.',
  payload_too_large: 'The request body or batch is larger than the server accepts.',
  idempotency_key_reused:
    'The id was used before with another payload; make a new id for a new request.',
  price_unknown: 'No price is known for this model, so it cannot be spent on; add a price for it.',
  budget_missing:
    'No budget applies to the call, and without one nothing may be spent; add a default budget.',
  budgets_too_many: 'More budgets apply to the call than one call can be charged to; remove some.',
  rates_too_many: 'More rate limits apply to the call than one call can take from; remove some.',
  own_key_unavailable:
    'The key was registered but cannot be opened with the secrets this server has; the message says what to configure.',
  own_key_rejected:
    'The provider did not accept the user’s own key; nothing was charged, and the user registers another one.',
  too_many_requests: 'Too many requests, subscriptions or failed sign-ins; wait and try again.',
  invariant_violated:
    'A bug in Bursar; the message has an id to quote. Repeating with the same id does no harm.',
  store_unavailable: 'The store did not accept the command; it was not applied.',
  store_timeout:
    'The store did not answer in time; the outcome is unknown. Repeat with the same id.',
  server_unreachable:
    'The client heard nothing of Bursar’s server, so the call was not made; nothing is charged.',
  journal_unavailable:
    'The client’s journal cannot be written, or is full, so a call that depends on it was not made.',
  connection_closed: 'This client’s connection to Bursar was closed; connect anew.',
};
