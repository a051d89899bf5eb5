import { bursar } from './bursar.ts';

// The budget now, then at every change; goes on by itself after a lost connection.
export async function waitForSpend(user: string, signal: AbortSignal): Promise<string> {
  for await (const budget of bursar.usage.live({ user, signal })) {
    if (Number(budget.settledUsd) > 0) return budget.settledUsd;
  }
  return '0.00';
}
