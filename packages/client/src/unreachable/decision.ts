/** Waiting for the decision about a call. */
import { BursarError } from '@bursar/core';
import type { Runtime } from '../runtime.ts';
import { asUnheard } from './unheard.ts';

/** What `asking` resolves to. After `msMax` nobody has heard the server, and nobody knows what it has done. */
export function decisionWithin<Decision>(
  msMax: number,
  asking: Promise<Decision>,
  runtime: Pick<Runtime, 'after'>,
): Promise<Decision> {
  return new Promise((resolve, reject) => {
    const cancel = runtime.after(msMax, () => {
      const message = `Bursar has not decided within ${msMax} ms.`;
      reject(asUnheard(new BursarError('store_timeout', { message })));
    });
    void asking.then(resolve, reject).finally(cancel);
  });
}
