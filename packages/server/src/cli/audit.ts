/** `bursar audit`: whether every balance is what the ledger says. */
import { formatUsd } from '@bursar/core';
import type { AuditReport } from '../stores/postgres/audit-ledger.ts';
import type { CliCommand } from './command.ts';
import { withBursar } from './from-config.ts';

export const audit: CliCommand = {
  name: 'audit',
  summary: 'Recomputes every balance from the ledger. Exit code 1 if anything differs.',
  options: {},
  async run(_given, terminal) {
    return withBursar(terminal, async (bursar) => {
      const report = await bursar.audit?.();
      if (report === undefined) {
        terminal.err('This store keeps no ledger to audit.\n');
        return 1;
      }
      terminal.out(linesOf(report).join('\n') + '\n');
      return report.findings === 0 && report.differenceNanoUsd === 0n ? 0 : 1;
    });
  },
};

function linesOf(report: AuditReport): readonly string[] {
  const { reserved, settled, released, expired } = report.reservations;
  return [
    `accounts      ${report.accounts}`,
    `entries       ${report.entries}`,
    `reservations  ${reserved} open, ${settled} settled, ${released} released, ${expired} expired`,
    `settled       ${formatUsd(report.settledNanoUsd)} USD`,
    `reserved      ${formatUsd(report.reservedNanoUsd)} USD`,
    `over limit    ${formatUsd(report.overLimitNanoUsd)} USD`,
    `difference    ${formatUsd(report.differenceNanoUsd)} USD`,
    `findings      ${report.findings}`,
    ...report.shown.map((finding) => `  ${finding}`),
  ];
}
