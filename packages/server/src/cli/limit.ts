/** `bursar limit …`: what a user may spend in a month. */
import type { CliCommand } from './command.ts';
import { withBursar } from './from-config.ts';

const TENANT = {
  value: 'TENANT',
  help: 'the tenant the user belongs to',
  default: 'default',
} as const;
const USER = { value: 'USER', help: 'the user, as the product names it', required: true } as const;

export const limitSet: CliCommand = {
  name: 'limit set',
  summary: "Sets a user's own limit, for the present month and all later ones.",
  options: {
    user: USER,
    usd: { value: 'USD', help: 'decimal USD such as 5.00, or "none"', required: true },
    tenant: TENANT,
  },
  async run(given, terminal) {
    const { user = '', usd = '', tenant = '' } = given;
    return withBursar(terminal, async (bursar) => {
      const limitUsd = usd === 'none' ? null : usd;
      const limit = await bursar.caller({ tenant }).limits.set({ user, limitUsd });
      terminal.out(`${limit.user}\t${limit.limitUsd ?? 'none'} USD a month\n`);
      return 0;
    });
  },
};

export const limitGet: CliCommand = {
  name: 'limit get',
  summary: 'Shows the limit that applies to a user, and whether it is the default.',
  options: { user: USER, tenant: TENANT },
  async run(given, terminal) {
    const { user = '', tenant = '' } = given;
    return withBursar(terminal, async (bursar) => {
      const limit = await bursar.caller({ tenant }).limits.get({ user });
      terminal.out(`${limit.user}\t${limit.limitUsd ?? 'none'} USD a month\t${limit.source}\n`);
      return 0;
    });
  },
};
