/**
 * Reading a failed `fetch`: did the request surely never leave this machine?
 *
 * `fetch` answers every failure with a bare TypeError; what happened is in its chain of causes, in words of
 * the runtime. Whatever is not known to have failed while connecting counts as sent: somebody may have read
 * the request and acted on it. Codes: Node's errno names, undici's and Bun's error codes, read 2026-11-23.
 */

import { causesOf } from './causes.ts';
import { NEVER_SENT } from './transport/never-sent.ts';

const CODES = new Set([
  NEVER_SENT,
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ERR_INVALID_URL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_INVALID_ARG',
  'ConnectionRefused',
  'FailedToOpenSocket',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Whether the failure was one of connecting, so that nobody can have received the request. */
export function wasNeverSent(error: unknown): boolean {
  return causesOf(error).some((cause) => CODES.has(String(cause['code'])));
}
