/** Reserve and settle as anybody would write them who needs no history, no repeats and no leases. */
import { COST, HOLD } from './pairs.ts';

/** A function that makes one pair for one of `users` users, numbered. */
export function bareMap(users: number): (round: number) => void {
  const accounts = new Map<string, { limit: number; reserved: number; settled: number }>();
  const holds = new Map<number, { user: string; amount: number }>();
  const names = Array.from({ length: users }, (_, index) => `user-${index}`);
  for (const name of names) {
    accounts.set(name, { limit: Number.MAX_SAFE_INTEGER, reserved: 0, settled: 0 });
  }
  return (round) => {
    const name = names[round % users] ?? '';
    const account = accounts.get(name);
    if (account === undefined || account.limit - account.reserved - account.settled < HOLD) {
      throw new Error('refused');
    }
    account.reserved += HOLD;
    holds.set(round, { user: name, amount: HOLD });
    const hold = holds.get(round);
    const holder = hold && accounts.get(hold.user);
    if (hold === undefined || holder === undefined) throw new Error('unknown');
    holder.reserved -= hold.amount;
    holder.settled += COST;
    holds.delete(round);
  };
}
