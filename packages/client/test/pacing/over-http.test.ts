/** The same over real HTTP, batched: what the pacer learns from arrives with every answer. */
import { duration } from '@bursar/core';
import { createBursar } from '@bursar/server';
import { expect, test } from 'vitest';
import { connect } from '../../src/connect.ts';
import { requestsOn, talk } from '../support/paced-world.ts';
import { SimulatedTime } from '../support/simulated-time.ts';
import { TOKEN } from '../support/world.ts';

const WINDOW_MS = duration(60_000, 'windowMs');
const WINDOWS = 3;
const CLIENTS = 10;
const LIMIT = 300;

test('C25: over HTTP, ten paced clients at twice the limit that they share see under 1 % refusals', async () => {
  const time = new SimulatedTime();
  const server = await createBursar({ store: { kind: 'memory' }, bootstrapToken: TOKEN, time });
  try {
    const url = await server.listen();
    const limiter = { algorithm: 'fixed-window', limit: LIMIT, windowMs: WINDOW_MS } as const;
    const document = {
      version: 1,
      defaults: {
        budgets: [{ name: 'credit', on: { kind: 'user' }, limitUsd: null }],
        rates: [requestsOn('org', limiter)],
      },
    };
    await server.caller({ tenant: 'default' }).policies.put({ document, expectedVersion: 0 });
    let asked = 0;
    let refused = 0;
    const talkers = Array.from({ length: CLIENTS }, (_, index) => {
      const bursar = connect(
        {
          url,
          token: TOKEN,
          // Time stands still while something is on its way.
          fetch: (input, init) =>
            time.still(
              (async () => {
                const response = await fetch(input, init);
                const text = await response.text();
                const { status, headers } = response;
                asked += new Request(input).url.split('meter.reserve').length - 1;
                refused += text.split('"reason":"rate_limited"').length - 1;
                return new Response(text, { status, headers });
              })(),
            ),
        },
        time.runtime(index + 1),
      );
      return talk({ time }, bursar, {
        everyMs: (WINDOW_MS * CLIENTS) / LIMIT / 2,
        seed: 100 + index,
        call: { user: `user-${index}`, scopes: { org: 'all' } },
        pace: { waitMsMax: 120_000 },
      });
    });
    await time.pass(WINDOWS * WINDOW_MS);
    const answered = talkers.map(({ answeredAtMs }) => answeredAtMs.length);
    const total = answered.reduce((sum, count) => sum + count, 0);
    expect(asked).toBeGreaterThanOrEqual(total);
    expect(refused / asked).toBeLessThan(0.01);
    expect(total).toBeGreaterThan(0.9 * WINDOWS * LIMIT);
    expect(talkers.flatMap(({ refusals }) => refusals)).toEqual([]);
  } finally {
    await server.close();
  }
});
