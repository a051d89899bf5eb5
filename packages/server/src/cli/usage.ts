/** `bursar usage`: what a user has spent. */
import type { CliCommand } from './command.ts';
import { withBursar } from './from-config.ts';

export const usage: CliCommand = {
  name: 'usage',
  summary: "Shows a user's budget in a month: limit, spent, set aside, available.",
  options: {
    user: { value: 'USER', help: 'the user, as the product names it', required: true },
    period: { value: 'MONTH', help: 'a month such as 2026-11 (default: the present one)' },
    tenant: { value: 'TENANT', help: 'the tenant the user belongs to', default: 'default' },
    json: { help: 'as JSON' },
  },
  async run(given, terminal) {
    const { user = '', period, tenant = '', json } = given;
    return withBursar(terminal, async (bursar) => {
      const budget = await bursar.caller({ tenant }).usage.current({ user, period });
      if (json === 'true') {
        terminal.out(`${JSON.stringify(budget, null, 2)}\n`);
        return 0;
      }
      const rows = [
        ['user', budget.scope.name],
        ['period', budget.period],
        ['limit', budget.limitUsd ?? 'none'],
        ['granted', budget.grantedUsd],
        ['settled', budget.settledUsd],
        ['reserved', budget.reservedUsd],
        ['available', budget.availableUsd ?? 'no limit'],
        ['resets at', budget.resetsAt],
      ] as const;
      for (const [name, value] of rows) terminal.out(`${name.padEnd(10)}${value}\n`);
      return 0;
    });
  },
};
