/** `bursar keys …`: users' own keys at a provider. None of these ever shows a key, or takes one. */
import { KEYS_PAGE_MAX, type RegisteredKey } from '@bursar/api';
import { type CliCommand, UsageError } from './command.ts';
import { withLedger } from './from-config.ts';

const TENANT = {
  value: 'TENANT',
  help: 'the tenant the users belong to',
  default: 'default',
} as const;

export const keysList: CliCommand = {
  name: 'keys list',
  summary: 'Lists own keys: id, provider, hint, when registered, state, whether stored, user.',
  options: {
    user: { value: 'USER', help: 'only those of this user' },
    all: { help: 'also those that were revoked or replaced' },
    tenant: TENANT,
  },
  async run(given, terminal) {
    const { user, tenant = '' } = given;
    const all = given['all'] === 'true';
    return withLedger(terminal, async (bursar) => {
      const { keys } = bursar.caller({ tenant });
      for (let after: string | undefined, isLast = false; !isLast;) {
        const page = await keys.list({ user, all, after, limit: KEYS_PAGE_MAX });
        for (const key of page.keys) terminal.out(`${lineOf(key)}\n`);
        after = page.next ?? undefined;
        isLast = page.next === null;
      }
      return 0;
    });
  },
};

export const keysRevoke: CliCommand = {
  name: 'keys revoke',
  summary: "Revokes a user's own key: within a second it pays for nothing, and it is deleted.",
  options: {
    user: { value: 'USER', help: 'the user, as the product names it', required: true },
    provider: { value: 'PROVIDER', help: 'where the key is good', default: 'openai' },
    tenant: TENANT,
  },
  async run(given, terminal) {
    const { user = '', provider, tenant = '' } = given;
    return withLedger(terminal, async (bursar) => {
      const { id } = await bursar.caller({ tenant }).keys.revoke({ user, provider });
      if (id !== null) terminal.out(`revoked ${id}\n`);
      else terminal.err('The user has no key at this provider; see: bursar keys list\n');
      return id === null ? 1 : 0;
    });
  },
};

export const keysRenew: CliCommand = {
  name: 'keys renew',
  summary:
    'Encrypts every own key under the newest of BURSAR_OWN_KEY_SECRETS. May be ended and run again.',
  options: { batch: { value: 'KEYS', help: 'how many at a time, 1 to 1000', default: '100' } },
  async run(given, terminal) {
    const batch = batchOf(given['batch'] ?? '');
    return withLedger(terminal, async ({ ownKeys }) => {
      let unreadable: readonly string[] = [];
      for await (const progress of ownKeys.renew(batch)) {
        terminal.out(`${progress.seen} looked at, ${progress.renewed} renewed\n`);
        ({ unreadable } = progress);
      }
      if (unreadable.length === 0) return 0;
      terminal.err(
        `${unreadable.length} cannot be opened with BURSAR_OWN_KEY_SECRETS and stay as they are; add the secret that they were encrypted with:\n${unreadable.join('\n')}\n`,
      );
      return 1;
    });
  },
};

function lineOf(key: RegisteredKey): string {
  const kept = key.stored ? 'stored' : 'not stored';
  return [
    key.id,
    key.provider,
    key.hint,
    key.registeredAt,
    stateOf(key),
    kept,
    key.user.replace(/\p{Cf}+/gu, ' '),
  ].join('\t');
}

function stateOf({ revokedAt, rejected }: RegisteredKey): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`;
  return rejected === null ? 'good' : `rejected ${rejected.at}: ${rejected.reason}`;
}

function batchOf(text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text) || Number(text) > 1_000) {
    throw new UsageError('--batch must be a whole number from 1 to 1000.');
  }
  return Number(text);
}
