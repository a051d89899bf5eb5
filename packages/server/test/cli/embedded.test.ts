/** The commands, on an embedded database that one after the other opens. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBursar } from '../../src/index.ts';
import { idOf } from '../support/test-service.ts';
import { bursar, type CliRun } from '../support/test-terminal.ts';

let directory: string;
let environment: Readonly<Record<string, string>>;
let firstMigration: CliRun;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bursar-cli-'));
  const cache = process.env['BURSAR_CACHE_DIR'] ?? '';
  environment = { BURSAR_DATA_DIR: directory, BURSAR_PORT: '0', BURSAR_CACHE_DIR: cache };
  firstMigration = await bursar(environment, 'migrate');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('bursar migrate', () => {
  it('makes an empty directory a database, and says what it applied', () => {
    expect(firstMigration).toMatchObject({ exitCode: 0, err: '' });
    expect(firstMigration.out).toContain('applied 0001');
  });

  it('has nothing to do the second time', async () => {
    expect(await bursar(environment, 'migrate')).toMatchObject({
      exitCode: 0,
      out: 'The database is up to date.\n',
    });
  });
});

describe('bursar token', () => {
  it('shows a new token once; the list has everything but the secret; revoking ends it', async () => {
    const words = ['--tenant', 'acme', '--scope', 'read,meter', '--name', 'the chat backend'];
    const created = await bursar(environment, 'token', 'create', ...words);
    expect(created.exitCode).toBe(0);
    const token = created.out.trim();
    const [, , id = '', ...secret] = token.split('_');
    expect(created.err).toContain(`Its id is ${id}; it may meter, read in the tenant acme.`);

    const listed = await bursar(environment, 'token', 'list', '--tenant', 'acme');
    expect(listed.out).toContain(`${id}\tacme\tmeter,read\t`);
    expect(listed.out).toContain('\tgood\tthe chat backend');
    expect(listed.out).not.toContain(secret.join('_'));
    expect((await bursar(environment, 'token', 'list', '--tenant', 'other')).out).toBe('');

    expect(await bursar(environment, 'token', 'revoke', id)).toMatchObject({ exitCode: 0 });
    expect((await bursar(environment, 'token', 'list')).out).toContain('\trevoked ');
  });

  it('cannot revoke what does not exist, and says so', async () => {
    const revoked = await bursar(environment, 'token', 'revoke', 'nothing');
    expect(revoked.exitCode).toBe(1);
    expect(revoked.err).toContain('There is no token with the id "nothing"');
  });

  it('refuses a tenant that is none', async () => {
    const words = ['token', 'create', '--name', 'x', '--tenant', 'Not A Tenant'];
    const { exitCode, err } = await bursar(environment, ...words);
    expect(exitCode).toBe(1);
    expect(err).toContain('tenant must be 1 to 63 characters');
  });
});

describe('bursar limit and usage', () => {
  it('set and show what a user may spend', async () => {
    const user = ['--user', 'alice:{}', '--tenant', 'acme'];
    expect(await bursar(environment, 'limit', 'get', ...user)).toMatchObject({
      out: 'alice:{}\t5.00 USD a month\tdefault\n',
    });
    expect(await bursar(environment, 'limit', 'set', ...user, '--usd', '7.5')).toMatchObject({
      exitCode: 0,
      out: 'alice:{}\t7.50 USD a month\n',
    });
    const shown = await bursar(environment, 'usage', ...user);
    expect(shown.out).toMatch(/limit +7\.50\n/);
    const json = await bursar(environment, 'usage', ...user, '--json');
    expect(JSON.parse(json.out)).toMatchObject({ limitUsd: '7.50', settledUsd: '0.00' });
    expect(await bursar(environment, 'limit', 'set', ...user, '--usd', 'none')).toMatchObject({
      out: 'alice:{}\tnone USD a month\n',
    });
  });

  it('refuse what is no amount, no user and no month, naming the field', async () => {
    for (const [words, field] of [
      [['limit', 'set', '--user', 'alice', '--usd', '-5'], '--usd'],
      [['limit', 'set', '--user', 'alice', '--usd=-5'], 'limitUsd'],
      [['limit', 'set', '--user', ' ', '--usd', '5'], 'user'],
      [['usage', '--user', 'alice', '--period', 'today'], 'period'],
    ] as const) {
      const { exitCode, err } = await bursar(environment, ...words);
      expect(exitCode).toBeGreaterThan(0);
      expect(err).toContain(field);
      expect(err).not.toMatch(/\n +at /);
    }
  });
});

describe('bursar audit', () => {
  it('finds nothing wrong with what was spent through the service', async () => {
    const embedded = await createBursar({ store: { kind: 'pglite', directory } });
    const { meter } = embedded.caller({ tenant: 'acme' });
    const call = {
      user: 'bob',
      model: 'gpt-4o',
      estimate: { inputTokens: 1_000, outputTokensMax: 1 },
    };
    await meter.reserve({ reservation: idOf(1), ...call });
    await meter.settle({ reservation: idOf(1), usage: { inputTokens: 900, outputTokens: 1 } });
    await meter.reserve({ reservation: idOf(2), ...call });
    await meter.extend({ reservation: idOf(2), dispatched: true });
    await embedded.close();

    const { exitCode, out } = await bursar(environment, 'audit');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/difference +0\.00 USD/);
    expect(out).toMatch(/reservations +1 open, 1 settled/);
    expect(out).toMatch(/settled +0\.00226 USD/);
  });
});

describe('bursar serve', () => {
  it('says where it listens, and stops cleanly when it is asked to', async () => {
    const { exitCode, logs } = await bursar({ ...environment, BURSAR_PROT: '1' }, 'serve');
    expect(exitCode).toBe(0);
    const lines = logs
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; url?: string; name?: string });
    expect(lines.map(({ msg }) => msg)).toEqual([
      'this environment variable is not one that the server reads',
      expect.stringMatching(/^Bursar listens at http:\/\/127\.0\.0\.1:[0-9]+$/),
      'asked to stop; finishing what is running',
      'stopped',
    ]);
    expect(lines[1]?.url).toMatch(/^http:/);
  });

  it('names the directory and its holder when another process has it', async () => {
    const holder = await createBursar({ store: { kind: 'pglite', directory } });
    const { exitCode, err } = await bursar(environment, 'usage', '--user', 'alice');
    await holder.close();
    expect(exitCode).toBe(1);
    expect(err).toContain(`The data directory ${directory} is in use by process ${process.pid}`);
  });
});

describe('bursar policies', () => {
  it('shows, puts and explains, and refuses what follows another version', async () => {
    const shown = await bursar(environment, 'policies', 'show');
    const document = JSON.parse(shown.out) as { version: number };
    expect(document.version).toBe(0);
    const file = join(directory, '..', `policies-${process.pid}.json`);
    const budgets = [
      { name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' },
      { name: 'credit', on: { kind: 'team' }, limitUsd: '20.00' },
    ];
    await writeFile(file, JSON.stringify({ ...document, version: 1, defaults: { budgets } }));
    const put = ['policies', 'put', file, '--note', 'teams', '--expected'];
    expect(await bursar(environment, ...put, '0')).toMatchObject({
      exitCode: 0,
      out: 'version 1 is in force\n',
    });
    const again = await bursar(environment, ...put, '0');
    expect(again).toMatchObject({ exitCode: 1 });
    expect(again.err).toContain('The policies in force are version 1');
    const { out } = await bursar(environment, 'policies', 'show', '--history');
    expect(out).toMatch(/^1\t20.*Z\tcli:.*\tteams\n$/);
    const scopes = ['--scopes', '{"team":["growth"]}'];
    const explained = await bursar(
      environment,
      'policies',
      'explain',
      '--user',
      'alice',
      ...scopes,
    );
    expect(explained.out).toContain(
      'budget team:growth/credit: $20.00 each calendar month, strict\n  the default counts\n',
    );
    await rm(file);
  });

  it('shows who is to be promoted, and moves nobody', async () => {
    const shown = await bursar(environment, 'policies', 'show');
    const document = JSON.parse(shown.out) as { readonly version: number };
    const { version } = document;
    const bursarOnce = await createBursar({ store: { kind: 'pglite', directory } });
    const budgets = [{ name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' }];
    const scope = { kind: 'user', name: 'promoted' };
    const { budgets: entries, policies } = bursarOnce.caller({ tenant: 'acme' });
    await policies.put({
      expectedVersion: version,
      document: {
        version: version + 1,
        defaults: { budgets },
        plans: ['free', 'pro'].map((name) => ({ name, budgets })),
        assignments: [{ tenant: 'acme', scope, plan: 'free' }],
        promotions: [{ from: 'free', to: 'pro', spentUsd: '1.00', ageDays: 0 }],
      },
    });
    await entries.adjust({ user: 'promoted', amountUsd: '1.00', key: 'k', reason: 'test' });
    await bursarOnce.close();
    const { out } = await bursar(environment, 'policies', 'promotions');
    expect(out).toMatch(/^acme\tuser:promoted\tfree\tpro\tnow\t\$1\.00\t20\d\d-.*Z\n$/);
    const json = await bursar(environment, 'policies', 'promotions', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ plan: 'free', dueTo: 'pro', spentUsd: '1.00' });
  });
});
