/** How calls and users are called in messages, and so in the ledger. */

/** The reservation of the call `index`: a UUID that says which it is. */
export function idOf(index: number): string {
  return `019a0000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
}

/** The call that a reservation in the ledger belongs to. */
export function indexOf(reservation: string): number {
  return Number.parseInt(reservation.slice(-12), 16);
}

/** The user `number`. */
export function userOf(number: number): string {
  return `user-${number}`;
}
