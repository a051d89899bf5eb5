/** Signing in: failures are counted by address, and nobody is locked out by somebody else's. */
import { tenantId } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/telemetry/logger.ts';
import {
  FailedSignIns,
  FAILURES_MAX,
  FAILURES_WINDOW_MS,
  groupOf,
} from '../../src/tokens/failed-sign-ins.ts';
import { MemoryTokenStore } from '../../src/tokens/memory-token-store.ts';
import { makeServiceToken } from '../../src/tokens/service-token.ts';
import { SignIn } from '../../src/tokens/sign-in.ts';
import { TokenVerifier } from '../../src/tokens/token-verifier.ts';
import { ManualTime } from '../support/manual-time.ts';

const ADDRESS = '203.0.113.7';

async function open() {
  const time = new ManualTime();
  const store = new MemoryTokenStore();
  let lookups = 0;
  const find = store.find.bind(store);
  store.find = async (id) => {
    lookups += 1;
    return find(id);
  };
  const makeToken = async (): Promise<string> => {
    const { token, record } = makeServiceToken({
      tenant: tenantId('acme'),
      name: 'test',
      scopes: ['read'],
      nowMs: time.nowMs(),
    });
    await store.add(record);
    return `Bearer ${token}`;
  };
  const log: string[] = [];
  const signIn = new SignIn(
    new TokenVerifier({ store, clock: time }),
    new FailedSignIns(time),
    createLog({ level: 'info', destination: { write: (line) => void log.push(line) } }),
  );
  return { time, signIn, makeToken, lookupsSoFar: () => lookups, log };
}

/** A token as it would be guessed. */
function guess(number: number): string {
  return `Bearer bk_live_${String(number).padStart(16, '0')}_${'x'.repeat(43)}`;
}

async function failUntilBlocked(signIn: SignIn): Promise<void> {
  for (let number = 0; number < FAILURES_MAX; number += 1) {
    expect(await signIn.verify(guess(number), ADDRESS)).toBe('unauthorized');
  }
}

describe('failed sign-ins', () => {
  it('are turned away without a lookup after too many from one address within a minute', async () => {
    const { signIn, lookupsSoFar } = await open();
    await failUntilBlocked(signIn);
    const before = lookupsSoFar();
    expect(await signIn.verify(guess(999), ADDRESS)).toBe('too_many_requests');
    expect(await signIn.verify('Bearer nonsense', ADDRESS)).toBe('too_many_requests');
    expect(lookupsSoFar()).toBe(before);
  });

  it('are forgotten after a minute, and not a moment of it is added by trying on', async () => {
    const { signIn, time } = await open();
    await failUntilBlocked(signIn);
    await time.advance(FAILURES_WINDOW_MS - 1);
    expect(await signIn.verify(guess(1), ADDRESS)).toBe('too_many_requests');
    await time.advance(2);
    expect(await signIn.verify(guess(1), ADDRESS)).toBe('unauthorized');
  });

  it('from one address do not block another', async () => {
    const { signIn, makeToken } = await open();
    await failUntilBlocked(signIn);
    const authorization = await makeToken();
    expect(await signIn.verify(authorization, '203.0.113.8')).toMatchObject({ tenant: 'acme' });
  });

  it('do not lock out a token that has signed in from behind the same address before', async () => {
    const { signIn, makeToken } = await open();
    const authorization = await makeToken();
    await signIn.verify(authorization, ADDRESS);
    await failUntilBlocked(signIn);
    expect(await signIn.verify(authorization, ADDRESS)).toMatchObject({ tenant: 'acme' });
    // Somebody who knows its public id and guesses the secret gains nothing by that.
    const guessed = `${authorization.slice(0, -2)}!!`;
    expect(await signIn.verify(guessed, ADDRESS)).toBe('too_many_requests');
  });

  it('are logged with address and public id until the address is blocked, and no further', async () => {
    const { signIn, log } = await open();
    await failUntilBlocked(signIn);
    for (let number = 0; number < 100; number += 1) await signIn.verify(guess(number), ADDRESS);
    expect(log).toHaveLength(FAILURES_MAX + 1);
    expect(JSON.parse(log[0] ?? '')).toMatchObject({ address: ADDRESS, tokenId: '0'.repeat(16) });
    expect(JSON.parse(log.at(-1) ?? '')).toMatchObject({ level: 'warn', address: ADDRESS });
    expect(log.join('')).not.toContain('xxxxxxxx');
  });

  it('are not what sending no token at all is', async () => {
    const { signIn } = await open();
    for (let call = 0; call < 2 * FAILURES_MAX; call += 1) {
      expect(await signIn.verify(undefined, ADDRESS)).toBe('unauthorized');
    }
  });
});

describe('a header', () => {
  it.each([
    'Basic YWxpY2U6c2VjcmV0',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    `Bearer ${'x'.repeat(1_000)}`,
    '',
  ])('"%s" is refused', async (authorization) => {
    const { signIn } = await open();
    expect(await signIn.verify(authorization, ADDRESS)).toBe('unauthorized');
  });

  it('may spell the scheme in any case', async () => {
    const { signIn, makeToken } = await open();
    const authorization = (await makeToken()).replace('Bearer', 'bearer');
    expect(await signIn.verify(authorization, ADDRESS)).toMatchObject({ tenant: 'acme' });
  });
});

describe('an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::1', '2001:db8:1:2'],
    ['2001:DB8:1:2::ffff', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', ''],
  ])('"%s" counts with its subscriber "%s"', (address, group) => {
    expect(groupOf(address)).toBe(group);
  });
});
