/** Every way that a call can go, by what the provider is told to do and when the caller leaves. */

/** A way that a call can go. */
export interface Way {
  readonly headers?: Readonly<Record<string, string>>;
  /** Options of the client. */
  readonly client?: { readonly maxRetries?: number; readonly timeout?: number };
  /** Whether the caller leaves once the provider has the call, or has left before. */
  readonly leaves?: 'before' | 'during';
}

const refused = (status: number): Way => ({ headers: { 'x-provider-status': String(status) } });

export const WAYS: Readonly<Record<string, Way>> = {
  'as it should': {},
  'in chunks of several tokens': { headers: { 'x-provider-tokens-per-chunk': '7' } },
  'with reasoning and cached tokens': {
    headers: { 'x-provider-reasoning-tokens': '4', 'x-provider-cached-tokens': '2' },
  },
  'without usage': { headers: { 'x-provider-no-usage': '1' } },
  'refused with 400': refused(400),
  'refused with 401': refused(401),
  'refused with 403': refused(403),
  'refused with 404': refused(404),
  'refused with 409': refused(409),
  'refused with 422': refused(422),
  'refused with 429': refused(429),
  'refused with 500': refused(500),
  'refused with 503': refused(503),
  'refused twice, then answered': {
    headers: { 'x-provider-status': '500,409,200', 'x-provider-retry-after': '0' },
    client: { maxRetries: 2 },
  },
  'refused until it gives up': {
    headers: { 'x-provider-status': '429', 'x-provider-retry-after': '0' },
    client: { maxRetries: 1 },
  },
  'cut by the provider': { headers: { 'x-provider-cut-after': '3' } },
  'without an answer in time': {
    headers: { 'x-provider-hang': '1' },
    client: { timeout: 60 },
  },
  'left before it is sent': { leaves: 'before' },
  'left while it is on its way': { headers: { 'x-provider-hang': '1' }, leaves: 'during' },
};
