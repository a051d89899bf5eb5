/** `bursar keys`, on a real PostgreSQL: what is listed, revoked and encrypted anew, and what is never shown. */
import { type PostgresServer, startPostgres } from '@bursar/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bursar, createBursar } from '../../src/wiring.ts';
import { ringTextOf } from '../own-keys/ring-for-test.ts';
import { bursar, type CliRun } from '../support/test-terminal.ts';

const KEY = 'sk-proj-canary_0123456789abcdefghij';

let server: PostgresServer;
let url: string;
let running: Bursar;
let outputs: string;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());
beforeEach(async () => {
  url = await server.createDatabase();
  running = await createBursar({
    store: { kind: 'postgres', url },
    ownKeySecrets: ringTextOf('k1'),
  });
  outputs = '';
  return () => running.close();
});

async function keys(secrets: string, ...words: readonly string[]): Promise<CliRun> {
  const environment = { DATABASE_URL: url, BURSAR_OWN_KEY_SECRETS: secrets };
  const run = await bursar(environment, 'keys', ...words);
  outputs += run.out + run.err + run.logs;
  expect(outputs).not.toContain('canary');
  for (const secret of secrets.split(',')) {
    if (secret !== '') expect(outputs).not.toContain(secret.split(':')[1]);
  }
  return run;
}

const register = (user: string, provider?: string) =>
  running.caller({ tenant: 'default' }).keys.register({ user, provider, key: `${KEY}-${user}` });

describe('bursar keys list', () => {
  it('shows each key by its hint, with its state, on a line', async () => {
    const alice = await register('alice');
    const bob = await register('bob', 'groq');
    await running
      .caller({ tenant: 'default' })
      .keys.reject({ user: 'bob', provider: 'groq', id: bob.id, reason: 'no_credit' });
    const { exitCode, out } = await keys('', 'list');
    expect(exitCode).toBe(0);
    const lines = out.split('\n').map((line) => line.split('\t'));
    expect(lines).toEqual([
      [alice.id, 'openai', 'sk-…lice', alice.registeredAt, 'good', 'stored', 'alice'],
      [
        bob.id,
        'groq',
        'sk-…-bob',
        bob.registeredAt,
        expect.stringMatching(/^rejected .+: no_credit$/),
        'stored',
        'bob',
      ],
      [''],
    ]);
    expect((await keys('', 'list', '--user', 'bob')).out).not.toContain('alice');
    expect((await keys('', 'list', '--tenant', 'other')).out).toBe('');
  });
});

describe('bursar keys revoke', () => {
  it('revokes the key and says which; a second time there is none', async () => {
    const { id } = await register('alice');
    expect(await keys('', 'revoke', '--user', 'alice')).toMatchObject({
      exitCode: 0,
      out: `revoked ${id}\n`,
    });
    expect(await keys('', 'revoke', '--user', 'alice')).toMatchObject({ exitCode: 1, out: '' });
    expect((await keys('', 'list')).out).toBe('');
    expect((await keys('', 'list', '--all')).out).toMatch(/\trevoked .+\tnot stored\talice\n$/);
  });
});

describe('bursar keys renew', () => {
  it('encrypts every key under the newest secret, with its progress, and says when it is done', async () => {
    for (const user of ['a', 'b', 'c']) await register(user);
    expect(await keys(ringTextOf('k2', 'k1'), 'renew', '--batch', '2')).toMatchObject({
      exitCode: 0,
      out: '2 looked at, 2 renewed\n3 looked at, 3 renewed\n',
      err: '',
    });
    expect((await keys(ringTextOf('k2'), 'renew')).out).toBe('3 looked at, 0 renewed\n');
    await running.close();
    running = await createBursar({
      store: { kind: 'postgres', url },
      ownKeySecrets: ringTextOf('k2'),
    });
    const caller = running.caller({ tenant: 'default' });
    const reservation = '00000000-0000-4000-8000-000000000001';
    const call = { reservation, user: 'b', provider: 'openai', model: 'gpt-4o' };
    await caller.meter.reserve({ ...call, amountUsd: '500.00', mayUseOwnKey: true });
    const opened = await caller.keys.open({ user: 'b', reservation });
    expect(opened.key).toBe(`${KEY}-b`);
  });

  it('names the keys that it cannot open, and fails', async () => {
    const { id } = await register('alice');
    const { exitCode, err } = await keys(ringTextOf('k3'), 'renew');
    expect(exitCode).toBe(1);
    expect(err).toContain(id);
    expect(err).toContain('add the secret');
  });

  it('says what to set when there is no secret, and what a batch is', async () => {
    const unset = await keys('', 'renew');
    expect([unset.exitCode, unset.err]).toEqual([
      1,
      expect.stringContaining('Set BURSAR_OWN_KEY_SECRETS'),
    ]);
    for (const batch of ['0', '1001', 'x', '-1']) {
      expect((await keys('', 'renew', `--batch=${batch}`)).exitCode).toBe(2);
    }
  });
});
