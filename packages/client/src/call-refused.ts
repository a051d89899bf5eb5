/** What is thrown for a refused call where there is no SDK whose error could be thrown. */
import type { Denied } from '@bursar/api';
import { statusOfDenial } from './denial-status.ts';

/**
 * The call may not be made. `isDenied` and `denialOf` understand it like the errors of SDKs; in `error.bursar` is all
 * that is known about why.
 */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
  readonly status: 402 | 413 | 429;
  readonly type = 'bursar_denied';
  readonly code: Denied['reason'];
  readonly error: { readonly message: string; readonly bursar: Denied };

  constructor(denied: Denied) {
    super(denied.message);
    this.status = statusOfDenial(denied);
    this.code = denied.reason;
    this.error = { message: denied.message, bursar: denied };
  }
}
