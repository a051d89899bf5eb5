/** `bursar token …`: who may call the server. */
import { TOKEN_SCOPES, type TokenScope } from '@bursar/api';
import { tenantId } from '@bursar/core';
import { systemClock } from '../clock/system-clock.ts';
import { makeServiceToken } from '../tokens/service-token.ts';
import { type CliCommand, UsageError } from './command.ts';
import { withBursar } from './from-config.ts';

const TENANT = {
  value: 'TENANT',
  help: 'whose budgets the token is for',
  default: 'default',
} as const;
const NAME_LENGTH_MAX = 100;

export const tokenCreate: CliCommand = {
  name: 'token create',
  summary: 'Makes a token and shows it, once: only its digest is kept.',
  options: {
    name: { value: 'NAME', help: 'what the token is for, to tell it from others', required: true },
    scope: {
      value: 'SCOPES',
      help: `what it allows, separated by commas: ${TOKEN_SCOPES.join(', ')}`,
      default: 'meter,read',
    },
    tenant: TENANT,
  },
  async run(given, terminal) {
    const tenant = tenantId(given['tenant'] ?? '');
    const scopes = scopesOf(given['scope'] ?? '');
    const name = nameOf(given['name'] ?? '');
    return withBursar(terminal, async ({ tokens }) => {
      const nowMs = systemClock.nowMs();
      const { token, record } = makeServiceToken({ tenant, name, scopes, nowMs });
      await tokens.add(record);
      terminal.out(`${token}\n`);
      terminal.err(
        `This is the only time that the token is shown. Its id is ${record.id}; it may ${scopes.join(', ')} in the tenant ${tenant}.\n`,
      );
      return 0;
    });
  },
};

export const tokenList: CliCommand = {
  name: 'token list',
  summary: 'Lists the tokens: id, tenant, scopes, when made, whether revoked, name.',
  options: { tenant: { value: 'TENANT', help: 'only the tokens of this tenant' } },
  async run(given, terminal) {
    const tenant = given['tenant'] === undefined ? undefined : tenantId(given['tenant']);
    return withBursar(terminal, async ({ tokens }) => {
      for (const record of await tokens.list(tenant)) {
        const made = new Date(record.createdAtMs).toISOString();
        const state =
          record.revokedAtMs === null
            ? 'good'
            : `revoked ${new Date(record.revokedAtMs).toISOString()}`;
        terminal.out(
          `${[record.id, record.tenant, record.scopes.join(','), made, state, record.name].join('\t')}\n`,
        );
      }
      return 0;
    });
  },
};

export const tokenRevoke: CliCommand = {
  name: 'token revoke',
  summary: 'Revokes a token: within a second no server accepts it any more.',
  options: {},
  operand: { name: 'ID', help: 'the public id, between the second and the third underscore' },
  async run(given, terminal) {
    const id = given['ID'] ?? '';
    return withBursar(terminal, async ({ tokens }) => {
      const isKnown = await tokens.revoke(id, systemClock.nowMs());
      if (isKnown) terminal.out(`revoked ${id}\n`);
      else
        terminal.err(
          `There is no token with the id ${JSON.stringify(id)}; see: bursar token list\n`,
        );
      return isKnown ? 0 : 1;
    });
  },
};

function scopesOf(text: string): readonly TokenScope[] {
  const named = text.split(',').map((scope) => scope.trim());
  const unknown = named.find((scope) => !(TOKEN_SCOPES as readonly string[]).includes(scope));
  if (unknown !== undefined) {
    throw new UsageError(
      `--scope ${JSON.stringify(unknown)} is not one of ${TOKEN_SCOPES.join(', ')}.`,
    );
  }
  return TOKEN_SCOPES.filter((scope) => named.includes(scope));
}

function nameOf(text: string): string {
  if (text.trim() === '' || text.length > NAME_LENGTH_MAX || /\p{Cc}|\p{Cs}/u.test(text)) {
    throw new UsageError(`--name must be 1 to ${NAME_LENGTH_MAX} printable characters.`);
  }
  return text.trim();
}
