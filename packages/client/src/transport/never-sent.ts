/** Failures of calls that have never left this machine, told like those of connecting: nothing has happened anywhere. */

/** Among the codes by which `wasNeverSent` knows such failures. */
export const NEVER_SENT = 'BURSAR_NEVER_SENT';

/** An error that says that nothing was sent, and why. */
export function neverSent(message: string): Error {
  return Object.assign(new Error(message), { code: NEVER_SENT });
}
