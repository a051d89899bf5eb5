import type { Denial } from './denial.ts';

/** The request is larger than the operator lets any be, whoever pays. */
export interface RequestTooLarge extends Denial<'request_too_large'> {
  /** What is too large: the tokens that go in, or the request as it is sent. */
  readonly counts: 'inputTokens' | 'bytes';
  /** The most of it that is accepted. */
  readonly limit: number;
  readonly actual: number;
}
