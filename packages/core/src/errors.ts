/**
 * Operating errors: the one table of codes, and the one class that carries them.
 *
 * A refused reservation is not an error but a decision (`account/outcome.ts`); a bug is an assertion
 * (`assert.ts`). Codes are stable and append-only; the documentation page is generated from this table.
 */

/** What there is to know about a code. */
export interface ErrorCodeRow {
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
  | 'store_timeout'
  | 'server_unreachable'
  | 'journal_unavailable'
  | 'connection_closed';

/** Every code. What each means is in `error-meanings.ts`, which programs do not need. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorCodeRow>> = {
  input_invalid: { status: 400, retryable: false },
  amount_out_of_range: { status: 400, retryable: false },
  id_invalid: { status: 400, retryable: false },
  period_invalid: { status: 400, retryable: false },
  policy_invalid: { status: 400, retryable: false },
  policy_conflict: { status: 409, retryable: false },
  unauthorized: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  account_not_found: { status: 404, retryable: false },
  reservation_not_found: { status: 404, retryable: false },
  own_key_not_found: { status: 404, retryable: false },
  route_not_found: { status: 404, retryable: false },
  reservation_already_settled: { status: 409, retryable: false },
  reservation_already_released: { status: 409, retryable: false },
  reservation_expired: { status: 409, retryable: false },
  lease_superseded: { status: 409, retryable: false },
  payload_too_large: { status: 413, retryable: false },
  idempotency_key_reused: { status: 422, retryable: false },
  price_unknown: { status: 412, retryable: false },
  budget_missing: { status: 412, retryable: false },
  budgets_too_many: { status: 412, retryable: false },
  rates_too_many: { status: 412, retryable: false },
  own_key_unavailable: { status: 412, retryable: false },
  own_key_rejected: { status: 401, retryable: false },
  too_many_requests: { status: 429, retryable: true },
  invariant_violated: { status: 500, retryable: false },
  store_unavailable: { status: 503, retryable: true },
  store_timeout: { status: 504, retryable: true },
  server_unreachable: { status: 503, retryable: true },
  journal_unavailable: { status: 503, retryable: true },
  connection_closed: { status: 503, retryable: false },
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
