/** The command line: finding commands, explaining them, refusing what it does not understand. */
import { describe, expect, it } from 'vitest';
import { bursar } from '../support/test-terminal.ts';

const COMMANDS = [
  'serve',
  'token create',
  'token list',
  'token revoke',
  'limit get',
  'limit set',
  'keys list',
  'keys revoke',
  'keys renew',
  'usage',
  'prices show',
  'prices diff',
  'prices check',
  'audit',
  'events list',
  'events replay',
  'events dismiss',
  'migrate',
];

describe('help', () => {
  it('lists every command, and is no failure', async () => {
    const { exitCode, out } = await bursar({}, '--help');
    expect(exitCode).toBe(0);
    for (const command of COMMANDS) expect(out).toContain(`  ${command} `);
  });

  it.each(COMMANDS)(
    'of "%s" explains it without doing it, also among other arguments',
    async (command) => {
      for (const words of [
        [...command.split(' '), '--help'],
        [...command.split(' '), '--nonsense', '-h'],
      ]) {
        const { exitCode, out, err } = await bursar({}, ...words);
        expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
        expect(out).toContain(`usage: bursar ${command}`);
      }
    },
  );

  it('of a group lists its commands', async () => {
    const { exitCode, out } = await bursar({}, 'token', '--help');
    expect(exitCode).toBe(0);
    expect(out).toContain('token create');
    expect(out).not.toContain('limit set');
  });
});

describe('what is not a command', () => {
  it.each([[[]], [['unknown']], [['token']], [['token', 'steal']], [['--version']]])(
    '%j is answered with the help and exit code 2',
    async (words) => {
      const { exitCode, out, err } = await bursar({}, ...words);
      expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
      expect(err).toContain('usage: bursar COMMAND');
    },
  );

  it.each([
    [['token', 'create'], '--name is missing.'],
    [['token', 'create', '--name'], '--name'],
    [['token', 'create', '--name', 'x', '--scope', 'meter,all'], '--scope "all" is not one of'],
    [['token', 'create', '--name', '\u0007'], '--name must be'],
    [['token', 'revoke'], 'ID is missing.'],
    [['token', 'revoke', 'a', 'b'], '"b" is not expected.'],
    [['prices', 'check'], 'FILE is missing.'],
    [['prices', 'show', 'gpt-4o', 'gpt-5'], '"gpt-5" is not expected.'],
    [['limit', 'set', '--user', 'alice'], '--usd is missing.'],
    [['usage', '--user', 'alice', '--color'], '--color'],
    [['audit', 'now'], '"now" is not expected.'],
  ])('%j is answered with the reason, the help and exit code 2', async (words, reason) => {
    const { exitCode, err } = await bursar({}, ...words);
    expect(exitCode).toBe(2);
    expect(err).toContain(reason);
    expect(err).toContain(`usage: bursar ${words[0]}`);
  });
});

describe('a configuration that cannot be used', () => {
  it('is explained, every problem of it, before anything is opened', async () => {
    const environment = { BURSAR_PORT: 'x', BURSAR_DATA_DIR: '/nonexistent/x', DATABASE_URL: 'y' };
    const { exitCode, err } = await bursar(environment, 'serve');
    expect(exitCode).toBe(2);
    expect(err).toContain('- BURSAR_PORT must be');
    expect(err).toContain('- DATABASE_URL must be');
    expect(err).not.toMatch(/\n +at /);
  });

  it('is a prices file that is none, too', async () => {
    const { exitCode, err } = await bursar({ BURSAR_PRICES_FILE: '/nonexistent.json' }, 'serve');
    expect(exitCode).toBe(1);
    expect(err).toContain('BURSAR_PRICES_FILE names /nonexistent.json');
    expect(err).not.toMatch(/\n +at /);
  });
});

describe('a database that is not there', () => {
  it('is named without its password', async () => {
    const environment = { DATABASE_URL: 'postgres://bursar:canary-password@127.0.0.1:1/bursar' };
    const { exitCode, out, err } = await bursar(environment, 'migrate');
    expect(exitCode).toBe(1);
    expect(out + err).not.toContain('canary-password');
    expect(err).not.toMatch(/\n +at /);
  });
});
