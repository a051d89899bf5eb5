/** The error of a policy that cannot be used: names the field and how to put it right. */
import { BursarError } from '../errors.ts';

/** `policy_invalid` for `field`; `problem` is the rest of a sentence that starts with the field. */
export function policyInvalid(field: string, problem: string): BursarError {
  return new BursarError('policy_invalid', { field, message: `${field} ${problem}` });
}
