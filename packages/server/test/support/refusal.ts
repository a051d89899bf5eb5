/** What a refused call was refused with. */
import { toBursarError } from '@bursar/api';

/** The error that `call` ends with, as callers see it. Fails when it does not end with one. */
export async function refusalOf(call: Promise<unknown>): Promise<{
  readonly code: string;
  readonly field: string | undefined;
  readonly message: string;
}> {
  try {
    await call;
  } catch (error) {
    const { code, field, message } = toBursarError(error);
    return { code, field, message };
  }
  throw new Error('the call was not refused');
}
