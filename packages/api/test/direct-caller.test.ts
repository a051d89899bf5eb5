/** A caller without tRPC is answered as one with tRPC is, whatever it calls and however that ends. */
import { BursarError, tenantId } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import {
  appRouter,
  type BursarService,
  type Caller,
  createCaller,
  directCaller,
  type Principal,
  toBursarError,
  TOKEN_SCOPES,
} from '../src/index.ts';

const PATHS = Object.keys(appRouter._def.procedures);
const RESERVATION = '019a0000-0000-7000-8000-000000000001';
const EVERYTHING: Principal = { tokenId: 't', tenant: tenantId('acme'), scopes: TOKEN_SCOPES };

/** A message that each procedure takes. */
const MESSAGES: Readonly<Record<string, unknown>> = {
  'meter.reserve': { reservation: RESERVATION, user: 'alice', model: 'm', amountUsd: '1' },
  'meter.extend': { reservation: RESERVATION, ttlMs: 5_000 },
  'meter.settle': { reservation: RESERVATION, costUsd: '0.5' },
  'meter.release': { reservation: RESERVATION },
  'usage.current': { user: 'alice' },
  'usage.history': { scope: { kind: 'team', name: 'growth' } },
  'usage.live': { scope: { kind: 'team', name: 'growth' }, budget: 'tokens' },
  'limits.get': { user: 'alice' },
  'limits.set': { user: 'alice', limitUsd: '5' },
  'limits.clear': { user: 'alice' },
  'keys.register': { user: 'alice', provider: 'openai', key: 'sk-0123456789abcdef0123' },
  'keys.list': {},
  'keys.open': { user: 'alice', provider: 'openai', reservation: RESERVATION },
  'keys.reject': { user: 'alice', provider: 'openai', id: RESERVATION, reason: 'invalid' },
  'keys.revoke': { user: 'alice', provider: 'openai' },
  'budgets.grant': { user: 'alice', key: 'k', reason: 'r', amountUsd: '1' },
  'budgets.adjust': { user: 'alice', key: 'k', reason: 'r', amountUsd: '-1' },
  'policies.get': undefined,
  'policies.put': { document: { version: 1 }, expectedVersion: 0 },
  'policies.promotions': {},
  'policies.explain': {},
};

/** A service that answers with what it was asked, or ends as `failing` does. */
function serviceThat(failing?: () => never): BursarService {
  const answer = (method: string) =>
    method === 'liveUsage'
      ? async function* states(...[principal, input]: unknown[]) {
          failing?.();
          yield { id: 'first', budget: { method, principal, input } };
        }
      : async (...[principal, input]: unknown[]) => {
          failing?.();
          return { method, principal, input };
        };
  return new Proxy({}, { get: (_, method) => answer(String(method)) }) as BursarService;
}

/** What calling `path` comes to. */
async function outcomeOf(caller: Caller, path: string, message: unknown): Promise<unknown> {
  const [group = '', name = ''] = path.split('.');
  const procedures = (
    caller as unknown as Record<string, Record<string, (input: unknown) => unknown>>
  )[group];
  try {
    const answer = await procedures?.[name]?.(message);
    if (path !== 'usage.live') return answer;
    // tRPC's own envelope is [id, state, mark].
    for await (const state of answer as AsyncIterable<unknown>) {
      return Array.isArray(state) ? { id: state[0], data: state[1] } : state;
    }
    return 'nothing';
  } catch (error) {
    const { code, field, message: said, status, retryAfterMs } = toBursarError(error);
    return { code, field, said, status, retryAfterMs };
  }
}

async function outcomes(
  path: string,
  message: unknown,
  { service = serviceThat(), principal = EVERYTHING } = {},
): Promise<{ readonly direct: unknown; readonly throughTrpc: unknown }> {
  const call = { service, principal };
  return {
    direct: await outcomeOf(directCaller(call), path, message),
    throughTrpc: await outcomeOf(createCaller(call), path, message),
  };
}

describe.each(PATHS)('%s', (path) => {
  it('has the same answer, of the same method, asked the same', async () => {
    const { direct, throughTrpc } = await outcomes(path, MESSAGES[path]);
    expect(direct).toEqual(throughTrpc);
    expect(direct).not.toHaveProperty('code');
  });

  it('refuses the same messages, naming the same field', async () => {
    for (const message of [null, 7, [], { user: '' }, { reservation: 'r' }, { unheard: 'of' }]) {
      // What takes nothing is not asked anything.
      if (MESSAGES[path] === undefined) continue;
      const { direct, throughTrpc } = await outcomes(path, message);
      expect(direct).toEqual(throughTrpc);
      expect(direct).toHaveProperty('code');
    }
  });

  it('is refused to callers without its scope, before anything is read', async () => {
    const principal = { ...EVERYTHING, scopes: [] };
    const { direct, throughTrpc } = await outcomes(path, { unheard: 'of' }, { principal });
    expect(direct).toEqual(throughTrpc);
    expect(direct).toMatchObject({ code: 'forbidden' });
  });

  it('fails the same way, and shows nothing of a bug', async () => {
    const known = new BursarError('store_unavailable', { message: 'away', retryAfterMs: 9 });
    for (const error of [known, new TypeError('cannot read sk-canary')]) {
      const service = serviceThat(() => {
        throw error;
      });
      const { direct, throughTrpc } = await outcomes(path, MESSAGES[path], { service });
      expect(direct).toEqual(throughTrpc);
      expect(JSON.stringify(direct)).not.toContain('canary');
    }
  });
});

it('what is thrown is a BursarError, and what is told of it is what is shown', async () => {
  const told: string[] = [];
  const shown = new BursarError('invariant_violated', { message: 'error id 7' });
  const caller = directCaller(
    { service: serviceThat(), principal: EVERYTHING },
    {
      note: (error, path) => {
        told.push(`${path} ${toBursarError(error).code}`);
        return shown;
      },
    },
  );
  await expect(caller.meter.release({ reservation: 'r' })).rejects.toBe(shown);
  expect(told).toEqual(['meter.release input_invalid']);
});
