/** Waiting for something no longer than one wants to. */
import type { Timers } from '../clock/timers.ts';

/** What `withinMs` answers when there was no answer. */
export const SILENCE = Symbol('silence');

/** What `asked` comes to, or `SILENCE` if that takes longer than `ms`. What it throws later is heard by nobody. */
export async function within<Result>(
  timers: Timers,
  ms: number,
  asked: Promise<Result>,
): Promise<Result | typeof SILENCE> {
  let cancel = (): void => {};
  const silence = new Promise<typeof SILENCE>((resolve) => {
    cancel = timers.after(ms, () => resolve(SILENCE));
  });
  try {
    return await Promise.race([asked, silence]);
  } finally {
    cancel();
    asked.catch(() => undefined);
  }
}
