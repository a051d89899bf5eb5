/**
 * Operating errors: the one table of codes, and the one class that carries them.
 *
 * A refused reservation is not an error but a decision (`account/outcome.ts`); a bug is an assertion
 * (`assert.ts`). Codes are stable and append-only; the documentation page is generated from this table.
 */

/** What there is to know about a code. */
export interface ErrorCodeRow {
  /** What happened and what to do, in one sentence, for the documentation. */
  readonly meaning: string;
  /** HTTP status with which servers answer. */
  readonly status: number;
  /** Whether repeating the same call, unchanged, can succeed. */
  readonly retryable: boolean;
}

/** A stable error code. */
export type ErrorCode =
  | 'input_invalid'
  | 'amount_out_of_range'
  | 'id_invalid'
  | 'period_invalid'
  | 'policy_invalid'
  | 'policy_conflict'
  | 'unauthorized'
  | 'forbidden'
  | 'account_not_found'
  | 'reservation_not_found'
  | 'own_key_not_found'
  | 'route_not_found'
  | 'reservation_already_settled'
  | 'reservation_already_released'
  | 'reservation_expired'
  | 'lease_superseded'
  | 'payload_too_large'
  | 'idempotency_key_reused'
  | 'price_unknown'
  | 'budget_missing'
  | 'budgets_too_many'
  | 'rates_too_many'
  | 'own_key_unavailable'
  | 'own_key_rejected'
  | 'too_many_requests'
  | 'invariant_violated'
  | 'store_unavailable'
  | 'store_timeout';

/** What each code means. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorCodeRow>> = {
  input_invalid: {
    meaning: 'A field is missing, unknown or malformed; `field` names it.',
    status: 400,
    retryable: false,
  },
  amount_out_of_range: {
    meaning: 'An amount is not a whole number of nano-USD from 0 to 2^53 − 1.',
    status: 400,
    retryable: false,
  },
  id_invalid: {
    meaning: 'An id is empty, too long, not well-formed Unicode, or of the wrong shape.',
    status: 400,
    retryable: false,
  },
  period_invalid: {
    meaning: 'The period rule or instant is outside what Bursar can compute.',
    status: 400,
    retryable: false,
  },
  policy_invalid: {
    meaning: 'A policy is malformed, or contradicts another; `field` names it.',
    status: 400,
    retryable: false,
  },
  policy_conflict: {
    meaning:
      'The policies were changed since they were read; read them again and make the change there.',
    status: 409,
    retryable: false,
  },
  unauthorized: {
    meaning: 'The token is missing, unknown or revoked.',
    status: 401,
    retryable: false,
  },
  forbidden: {
    meaning: 'The token is valid but lacks the scope that the procedure needs.',
    status: 403,
    retryable: false,
  },
  account_not_found: {
    meaning: 'The account does not exist; accounts are opened by their first reservation or limit.',
    status: 404,
    retryable: false,
  },
  reservation_not_found: {
    meaning: 'No reservation with this id exists for this tenant.',
    status: 404,
    retryable: false,
  },
  own_key_not_found: {
    meaning:
      'The user has no key of their own at this provider that can pay: none is registered, or the provider rejected it.',
    status: 404,
    retryable: false,
  },
  route_not_found: {
    meaning: 'The server has no such route or procedure.',
    status: 404,
    retryable: false,
  },
  reservation_already_settled: {
    meaning:
      'The reservation was settled already, with another cost or before this command; the first stays.',
    status: 409,
    retryable: false,
  },
  reservation_already_released: {
    meaning: 'The reservation was released and can no longer be extended.',
    status: 409,
    retryable: false,
  },
  reservation_expired: {
    meaning:
      'The reservation passed its deadline and was ended; it can still be settled, not extended.',
    status: 409,
    retryable: false,
  },
  lease_superseded: {
    meaning:
      'A newer lease took the place of this one while it was asked for; only tiers see this, among themselves.',
    status: 409,
    retryable: false,
  },
  payload_too_large: {
    meaning: 'The request body or batch is larger than the server accepts.',
    status: 413,
    retryable: false,
  },
  idempotency_key_reused: {
    meaning: 'The id was used before with another payload; make a new id for a new request.',
    status: 422,
    retryable: false,
  },
  price_unknown: {
    meaning: 'No price is known for this model, so it cannot be spent on; add a price for it.',
    status: 412,
    retryable: false,
  },
  budget_missing: {
    meaning:
      'No budget applies to the call, and without one nothing may be spent; add a default budget.',
    status: 412,
    retryable: false,
  },
  budgets_too_many: {
    meaning: 'More budgets apply to the call than one call can be charged to; remove some.',
    status: 412,
    retryable: false,
  },
  rates_too_many: {
    meaning: 'More rate limits apply to the call than one call can take from; remove some.',
    status: 412,
    retryable: false,
  },
  own_key_unavailable: {
    meaning:
      'The key was registered but cannot be opened with the secrets this server has; the message says what to configure.',
    status: 412,
    retryable: false,
  },
  own_key_rejected: {
    meaning:
      'The provider did not accept the user’s own key; nothing was charged, and the user registers another one.',
    status: 401,
    retryable: false,
  },
  too_many_requests: {
    meaning: 'Too many requests, subscriptions or failed sign-ins; wait and try again.',
    status: 429,
    retryable: true,
  },
  invariant_violated: {
    meaning:
      'A bug in Bursar; the message has an id to quote. Repeating with the same id does no harm.',
    status: 500,
    retryable: false,
  },
  store_unavailable: {
    meaning: 'The store did not accept the command; it was not applied.',
    status: 503,
    retryable: true,
  },
  store_timeout: {
    meaning: 'The store did not answer in time; the outcome is unknown. Repeat with the same id.',
    status: 504,
    retryable: true,
  },
};

/** What may accompany a code. Nothing here may contain secrets or another tenant's data. */
export interface ErrorDetails {
  /** One sentence for the caller: the problem and the fix. */
  readonly message: string;
  /** The input field at fault, as the caller spells it, e.g. `usage.outputTokens`. */
  readonly field?: string;
  /** When a retry makes sense, in milliseconds from now. */
  readonly retryAfterMs?: number;
  /** The underlying error, for logs only; it never leaves the process. */
  readonly cause?: unknown;
}

/** A registered symbol, so that two copies of this package recognise each other's errors. */
const MARKER = Symbol.for('bursar.error');

/** An operating error: the caller can react to `code`. Recognise it with `isBursarError`, not `instanceof`. */
export class BursarError extends Error {
  override readonly name = 'BursarError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(details.message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
    Object.defineProperty(this, MARKER, { value: true });
  }

  /** Whether repeating the same call, unchanged, can succeed. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  /** HTTP status with which servers answer. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

/** Whether `error` is a `BursarError`, also one from another copy of this package. */
export function isBursarError(error: unknown): error is BursarError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as Record<symbol, unknown>)[MARKER] === true
  );
}
