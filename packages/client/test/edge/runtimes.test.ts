/** The client works in every runtime that products run at the edge or instead of Node. */
import { expect, test } from 'vitest';
import { MODEL, openWorld, TOKEN } from '../support/world.ts';
import { inEdgeVm } from './edge-vm.ts';
import { inBun, inDeno, inWorkerd } from './runtimes.ts';

// The first time a runtime may have to be fetched.
test.each([
  ['the edge runtime', inEdgeVm],
  ['workerd', inWorkerd],
  ['Bun', inBun],
  ['Deno', inDeno],
])(
  'a call, a stream, metered work and a denial work in %s, and are booked',
  async (_name, tryOutIn) => {
    await using world = await openWorld('in-process');
    const seen = await tryOutIn({
      bursarUrl: await world.server.listen(),
      token: TOKEN,
      providerUrl: world.provider.url,
      model: MODEL,
      user: 'alice',
    });
    expect(seen).toMatchObject({
      usageShown: false,
      value: 'done',
      code: 'limit_too_small',
      reason: 'limit_too_small',
      status: 402,
      isNode: false,
    });
    expect(seen.said).toBeGreaterThan(0);
    expect(seen.pieces).toBeGreaterThan(2);
    expect(Number(seen.settledUsd)).toBeGreaterThan(0);
    // Two calls, and the work; the denied call never reached the provider.
    expect(await world.booked()).toMatchObject(
      Array.from({ length: 3 }, () => ({ kind: 'settle', basis: 'reported' })),
    );
    expect(world.provider.calls).toHaveLength(2);
  },
  300_000,
);
