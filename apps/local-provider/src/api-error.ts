/** Refusals in OpenAI's shape: `{ "error": { message, type, param, code } }` with an HTTP status. */

/** Everything about a refusal but its message; what is left out is `null` in the body. */
export interface ApiErrorFields {
  /** HTTP status, 400 to 599. */
  readonly status: number;
  readonly type?: string;
  /** The request field at fault. */
  readonly param?: string;
  readonly code?: string;
}

/** Thrown by whatever refuses a request; answered in one place. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly fields: ApiErrorFields;

  constructor(message: string, fields: ApiErrorFields) {
    super(message);
    this.fields = fields;
  }

  /** The body as OpenAI sends it. */
  body(): object {
    const { type = 'invalid_request_error', param = null, code = null } = this.fields;
    return { error: { message: this.message, type, param, code } };
  }
}

/** 400 for a field that must be there and is not. */
export function missingField(param: string): ApiError {
  const message = `Missing required parameter: '${param}'.`;
  return new ApiError(message, { status: 400, param, code: 'missing_required_parameter' });
}

/** 400 for a field whose value cannot be used; `expected` completes "expected …". */
export function invalidField(param: string, expected: string): ApiError {
  const message = `Invalid value for '${param}': expected ${expected}.`;
  return new ApiError(message, { status: 400, param, code: 'invalid_value' });
}

/** The refusal that OpenAI sends with `status`, for statuses a test asks for. */
export function scriptedError(status: number): ApiError {
  const row = SCRIPTED[status];
  if (row !== undefined) return new ApiError(row.message, { ...row, status });
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return new ApiError(`The provider answered ${status}, as asked.`, { status, type });
}

const SCRIPTED: Record<number, { message: string; type: string; code?: string }> = {
  401: {
    message: 'Incorrect API key provided.',
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  },
  429: {
    message: 'Rate limit reached for requests. Please try again later.',
    type: 'requests',
    code: 'rate_limit_exceeded',
  },
  500: {
    message: 'The server had an error while processing your request. Sorry about that!',
    type: 'server_error',
  },
  503: {
    message: 'The engine is currently overloaded, please try again later.',
    type: 'server_error',
    code: 'service_unavailable',
  },
};
